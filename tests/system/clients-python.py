# SPDX-License-Identifier: MIT
# clients-python.py STEP...: what programs written with python3-docker do; each step is a function
# that fails by an assertion. Needs the image "small" (busybox); DOCKER_HOST names the engine.
import io
import os
import socket
import sys
import tarfile
import threading
import time

import docker
from docker.errors import APIError, ContainerError, ImageNotFound, NotFound
from docker.types import (DriverConfig, EndpointConfig, Healthcheck, IPAMConfig, IPAMPool, LogConfig, Mount,
                          RestartPolicy, Ulimit)

cli = docker.from_env(timeout=300)


def until(condition, seconds=100):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, 'not within time'
        time.sleep(0.05)


def same(a, b):
    assert a == b, '%r is not %r' % (a, b)


def refused(status, words, call, *args, **kwargs):
    try:
        call(*args, **kwargs)
    except APIError as e:
        same(e.status_code, status)
        assert words in e.explanation, e.explanation
        return
    raise AssertionError('not refused')


def everything(s):
    return b''.join(iter(lambda: s._sock.recv(4096), b''))


def archive(files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w') as t:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size, info.mode, info.mtime = len(data), 0o640, 1700000000
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


def system():
    assert cli.ping()
    same(cli.version()['ApiVersion'], '1.51')
    info = cli.info()
    assert 'name=rootless' in info['SecurityOptions'] and info['OSType'] == 'linux', info
    df = cli.df()
    assert {'LayersSize', 'Images', 'Containers', 'Volumes', 'BuildCache'} <= set(df), df.keys()
    small = [i for i in df['Images'] if i['RepoTags'] == ['small:latest']][0]
    assert small['Size'] > 100000 and small['Containers'] == 0, small


def run():
    same(cli.containers.run('small', 'echo hello', remove=True), b'hello\n')
    same(cli.containers.run('small', ['sh', '-c', 'echo a; echo b >&2'], remove=True, stdout=False, stderr=True), b'b\n')
    try:
        cli.containers.run('small', ['sh', '-c', 'echo no >&2; exit 3'], remove=True)
        raise AssertionError('no ContainerError')
    except ContainerError as e:
        same((e.exit_status, e.stderr), (3, b'no\n'))
    try:
        cli.containers.run('not-there:1', 'true')
        raise AssertionError('no ImageNotFound')
    except (ImageNotFound, APIError):
        pass
    lines = cli.containers.run('small', ['sh', '-c', 'echo 1; sleep 0.2; echo 2'], stream=True, remove=True)
    same(list(lines), [b'1\n', b'2\n'])
    same(cli.containers.list(all=True), [])


def options():
    vol = cli.volumes.create('opts', labels={'a': 'b'})
    os.makedirs(os.environ['HOME'] + '/bound', exist_ok=True)
    c = cli.containers.run(
        'small', ['sleep', '1000'], name='opts', detach=True, hostname='here', domainname='dom.test', user='1000:2000',
        group_add=['3000'], working_dir='/tmp', environment={'A': '1', 'B': 'two words'}, labels={'x': 'y', 'z': ''},
        volumes={'opts': {'bind': '/vol', 'mode': 'rw'}, os.environ['HOME'] + '/bound': {'bind': '/bound', 'mode': 'ro'}},
        mounts=[Mount('/scratch', None, type='tmpfs', tmpfs_size=1 << 20), Mount('/vol2', 'opts', read_only=True)],
        tmpfs={'/t': 'size=64k,mode=1777'}, cap_add=['NET_ADMIN'], cap_drop=['MKNOD'], dns=['192.0.2.53'],
        dns_search=['a.test'], dns_opt=['ndots:2'], extra_hosts={'other': '192.0.2.7'}, ports={'80/tcp': None, '90/udp':
        ('127.0.0.1', None)}, read_only=True, init=True, pids_limit=200, shm_size='2m', ipc_mode='private',
        ulimits=[Ulimit(name='nofile', soft=128, hard=256)], sysctls={'net.ipv4.ip_default_ttl': '99'},
        security_opt=['no-new-privileges'], stop_signal='SIGKILL', restart_policy={'Name': 'on-failure', 'MaximumRetryCount':
        2}, log_config=LogConfig(type='json-file', config={'max-size': '1m', 'max-file': '2'}), oom_score_adj=100,
        healthcheck=Healthcheck(test=['CMD', 'true'], interval=10 ** 9, start_period=0), stdin_open=True, tty=False,
        entrypoint=['/bin/busybox'])
    c.reload()
    h, conf = c.attrs['HostConfig'], c.attrs['Config']
    same((conf['Hostname'], conf['Domainname'], conf['User'], conf['WorkingDir']), ('here', 'dom.test', '1000:2000', '/tmp'))
    same((conf['Labels'], conf['Entrypoint'], conf['StopSignal']), ({'x': 'y', 'z': ''}, ['/bin/busybox'], 'SIGKILL'))
    same((h['RestartPolicy'], h['ShmSize'], h['PidsLimit'] in (200, None)), ({'Name': 'on-failure', 'MaximumRetryCount': 2}, 2 << 20, True))
    same(sorted(m['Destination'] for m in c.attrs['Mounts']), ['/bound', '/scratch', '/vol', '/vol2'])
    same(h['LogConfig'], {'Type': 'json-file', 'Config': {'max-size': '1m', 'max-file': '2'}})
    assert c.ports['80/tcp'][0]['HostPort'] and c.ports['90/udp'][0]['HostIp'] == '127.0.0.1', c.ports

    def sh(text):
        code, out = c.exec_run(['sh', '-c', text])
        assert code == 0, out
        return out.decode().strip()
    same(sh('hostname; pwd; echo $A $B; id -u; id -g; id -G'), 'here\n/tmp\n1 two words\n1000\n2000\n2000 3000')
    same(sh('cat /proc/sys/net/ipv4/ip_default_ttl; ulimit -n; ulimit -Hn'), '99\n128\n256')
    same(sh('grep -c 192.0.2.53 /etc/resolv.conf; grep ^search /etc/resolv.conf; grep ^options /etc/resolv.conf'),
         '1\nsearch a.test\noptions ndots:2')
    same(sh('grep -w other /etc/hosts | tr "\\t" " "; cat /proc/self/oom_score_adj'), '192.0.2.7 other\n100')
    same(sh('for d in / /bound /vol2; do touch $d/x 2>/dev/null && echo $d; done; touch /t/x && echo ok'), 'ok')
    same(sh('grep NoNewPrivs /proc/self/status | tr -d "\\t"; df -k /scratch | tail -n 1 | tr -s " " | cut -d" " -f2'),
         'NoNewPrivs:1\n1024')
    until(lambda: cli.containers.get('opts').attrs['State']['Health']['Status'] == 'healthy')
    c.remove(force=True, v=True)
    same(cli.volumes.get('opts').attrs['Labels'], {'a': 'b'})
    vol.remove()


def lifecycle():
    c = cli.containers.create('small', ['sh', '-c', 'trap "exit 5" USR1; echo set; while :; do sleep 0.1; done'], name='life')
    same(c.status, 'created')
    c.start()
    c.reload()
    same(c.status, 'running')
    if cli.info()['CgroupVersion'] == '2' and cli.info()['CgroupDriver'] != 'none':
        c.pause()
        c.reload()
        same(c.status, 'paused')
        c.unpause()
    c.rename('alive')
    same(cli.containers.get('alive').id, c.id)
    top = c.top(ps_args='-eo pid,comm')
    same(top['Titles'], ['PID', 'COMMAND'])
    assert any(p[1] == 'sh' for p in top['Processes']), top
    assert 'PID' in c.top()['Titles']
    same(c.update(restart_policy={'Name': 'no'})['Warnings'] or [], [])
    refused(409, 'Conflict. The container name "/alive" is already in use', cli.containers.create, 'small', name='alive')
    refused(409, 'container is running', c.remove)
    until(lambda: c.logs() == b'set\n')
    c.kill('USR1')
    same(c.wait(timeout=200)['StatusCode'], 5)
    refused(409, 'is not running', c.kill)
    c.restart(timeout=1)
    c.reload()
    same(c.status, 'running')
    c.stop(timeout=0)
    c.reload()
    same((c.status, c.attrs['State']['ExitCode']), ('exited', 137))
    c.remove()
    try:
        c.reload()
        raise AssertionError('still there')
    except NotFound as e:
        assert 'No such container' in e.explanation, e.explanation


def listing():
    a = cli.containers.run('small', 'sleep 1000', name='list-a', detach=True, labels=['one'])
    b = cli.containers.run('small', 'true', name='list-b', detach=True, labels={'one': 'v'})
    b.wait()

    def names(**kw):
        return sorted(c.name for c in cli.containers.list(**kw))
    same(names(), ['list-a'])
    same(names(all=True, filters={'label': 'one'}), ['list-a', 'list-b'])
    same(names(all=True, filters={'label': ['one=v']}), ['list-b'])
    same(names(all=True, filters={'status': 'exited', 'exited': 0}), ['list-b'])
    same(names(all=True, filters={'name': 'list-', 'ancestor': 'small'}), ['list-a', 'list-b'])
    same(names(limit=1), ['list-b'])
    same(names(filters={'since': 'list-a'}, all=True), ['list-b'])
    same(names(filters={'before': 'list-b'}, all=True), ['list-a'])
    same(cli.containers.list(sparse=True)[0].status, 'running')
    same(cli.containers.prune(filters={'label': 'one=v'})['ContainersDeleted'], [b.id])
    a.remove(force=True)


def logs():
    # each waits for the one before to have come: output of two streams at once has no order
    wait = 'until [ -e /%d ]; do sleep 0.05; done; '
    c = cli.containers.run('small', ['sh', '-c', 'echo out; ' + wait % 0 + 'echo err >&2; ' + wait % 1 + 'echo end'], detach=True)
    for i, got in enumerate(c.logs(stream=True, follow=True)):
        same(got, [b'out\n', b'err\n', b'end\n'][i])
        if i < 2:
            c.exec_run('touch /%d' % i)
    same(i, 2)
    c.wait()
    same(c.logs(stdout=True, stderr=False), b'out\nend\n')
    same(c.logs(tail=1), b'end\n')
    line = c.logs(timestamps=True, tail=1).decode()
    assert line[10] == 'T' and line.endswith('Z end\n'), line
    same(c.logs(since=int(time.time()) + 100), b'')
    same(c.logs(until=1000), b'')
    c.remove()
    t = cli.containers.run('small', 'echo terminal', detach=True, tty=True)
    t.wait()
    same(t.logs(), b'terminal\r\n')
    t.remove()


def attach():
    c = cli.containers.create('small', ['sh', '-c', 'read x; echo got $x; sleep 0.2; echo bad >&2'], stdin_open=True)
    s = c.attach_socket(params={'stdin': 1, 'stdout': 1, 'stderr': 1, 'stream': 1})
    c.start()
    s._sock.sendall(b'this\n')
    same(everything(s), b'\x01\0\0\0\0\0\0\x09got this\n\x02\0\0\0\0\0\0\x04bad\n')
    c.wait()
    c.remove()
    c = cli.containers.run('small', ['sh', '-c', 'read x; echo out; sleep 0.2; echo err >&2'], stdin_open=True, detach=True)
    stream = c.attach(stream=True, demux=True)
    c.attach_socket(params={'stdin': 1, 'stream': 1})._sock.sendall(b'\n')
    same(list(stream), [(b'out\n', None), (None, b'err\n')])
    c.remove(force=True)


def read_ahead():
    # docker-py drops what Python's reader has read beyond the head of the answer: with a reader as
    # slow as on a busy machine output must still not follow the head
    class Slow(socket.socket):
        def recv_into(self, *args):
            time.sleep(0.1)
            return super().recv_into(*args)
    connect = docker.transport.unixconn.UnixHTTPConnection.connect

    def slow_connect(self):
        connect(self)
        self.sock = Slow(fileno=self.sock.detach())
    docker.transport.unixconn.UnixHTTPConnection.connect = slow_connect
    slow = docker.from_env(timeout=300)
    c = slow.containers.run('small', ['sh', '-c', 'echo logged; sleep 1000'], detach=True)
    same(c.exec_run('echo quick').output, b'quick\n')
    until(c.logs)
    same(next(c.attach(logs=True, stream=True)), b'logged\n')
    c.remove(force=True)
    docker.transport.unixconn.UnixHTTPConnection.connect = connect


def execs():
    c = cli.containers.run('small', 'sleep 1000', detach=True)
    same(c.exec_run(['sh', '-c', 'echo o; echo e >&2; exit 4'], demux=True), (4, (b'o\n', b'e\n')))
    same(c.exec_run('sh -c "echo $V; id -u; pwd"', user='1000', environment=['V=x'], workdir='/etc'), (0, b'x\n1000\n/etc\n'))
    same(c.exec_run('tty', tty=True).output.startswith(b'/dev/'), True)
    same(b''.join(c.exec_run('seq 3', stream=True).output), b'1\n2\n3\n')
    same([x for x in c.exec_run(['sh', '-c', 'echo 1; sleep 0.2; echo 2 >&2'], stream=True, demux=True).output],
         [(b'1\n', None), (None, b'2\n')])
    assert c.exec_run('true', privileged=True).exit_code == 0
    assert c.exec_run('not-there').exit_code == 127
    same(c.exec_run('true', detach=True).output, '')
    s = c.exec_run('cat', stdin=True, socket=True).output
    s._sock.sendall(b'abc')
    s._sock.shutdown(socket.SHUT_WR)
    same(everything(s), b'\x01\0\0\0\0\0\0\x03abc')
    e = cli.api.exec_create(c.id, 'sleep 1000', tty=True)['Id']
    t = threading.Thread(target=lambda: cli.api.exec_start(e, tty=True))
    t.start()
    until(lambda: cli.api.exec_inspect(e)['Running'])
    cli.api.exec_resize(e, height=30, width=90)
    i = cli.api.exec_inspect(e)
    same((i['ProcessConfig']['entrypoint'], i['ProcessConfig']['arguments'], i['ExitCode']), ('sleep', ['1000'], None))
    assert i['Pid'] > 0 and i['ContainerID'] == c.id
    c.remove(force=True)
    t.join()
    refused(404, 'No such exec instance', cli.api.exec_inspect, e)


def archives():
    c = cli.containers.create('small', 'true')
    assert c.put_archive('/tmp', archive({'a.txt': b'first', 'd/b.txt': b'second'}))
    bits, stat = c.get_archive('/tmp/a.txt')
    same((stat['name'], stat['size'], stat['mode'] & 0o777), ('a.txt', 5, 0o640))
    assert stat['mtime'].startswith('2023-11-14T22:13:20'), stat
    t = tarfile.open(fileobj=io.BytesIO(b''.join(bits)))
    same([(m.name, t.extractfile(m).read()) for m in t], [('a.txt', b'first')])
    t = tarfile.open(fileobj=io.BytesIO(b''.join(c.get_archive('/tmp', chunk_size=None)[0])))
    same(sorted(t.getnames()), ['tmp', 'tmp/a.txt', 'tmp/d', 'tmp/d/b.txt'])
    same(sorted((d['Path'], d['Kind']) for d in c.diff()), [('/tmp', 0), ('/tmp/a.txt', 1), ('/tmp/d', 1), ('/tmp/d/b.txt', 1)])
    refused(404, 'Could not find the file /none', c.get_archive, '/none')
    refused(404, 'Could not find the file /none', c.put_archive, '/none', archive({}))
    names = tarfile.open(fileobj=io.BytesIO(b''.join(c.export()))).getnames()
    assert 'tmp/d/b.txt' in names and 'bin/busybox' in names
    image = c.commit('made', 'by-commit', message='m', author='me', changes=['ENV X=1', 'CMD ["env"]'], conf={'Labels': {'l': 'v'}})
    same((image.tags, image.labels, image.attrs['Author'], image.attrs['Comment']), (['made:by-commit'], {'l': 'v'}, 'me', 'm'))
    assert b'X=1' in cli.containers.run('made:by-commit', remove=True)
    c.remove()
    cli.images.remove('made:by-commit')


def stats():
    c = cli.containers.run('small', 'sleep 1000', detach=True, name='counted')
    s = c.stats(stream=False)
    same((s['id'], s['name']), (c.id, '/counted'))
    assert {'read', 'preread', 'cpu_stats', 'precpu_stats', 'memory_stats', 'blkio_stats', 'pids_stats', 'networks'} <= set(s), s
    two = c.stats(decode=True, stream=True)
    first, second = next(two), next(two)
    same(second['preread'], first['read'])
    two.close()
    c.remove(force=True)


def events():
    begin = int(time.time()) - 5  # a clock may be set
    seen, stream = [], cli.events(decode=True, filters={'type': ['container', 'network', 'volume'], 'label': []})

    def collect():
        for e in stream:
            seen.append((e['Type'], e['Action'].split(':')[0]))
            if e['Type'] == 'volume' and e['Action'] == 'destroy':
                break
    t = threading.Thread(target=collect)
    t.start()
    v = cli.volumes.create('evented')
    n = cli.networks.create('evented')
    c = cli.containers.run('small', 'sleep 1000', detach=True, name='evented', network='evented', labels={'k': 'v'})
    c.exec_run('true')
    c.kill()
    c.wait()
    c.remove()
    n.remove()
    v.remove()
    t.join(200)
    assert not t.is_alive(), seen
    for want in [('volume', 'create'), ('network', 'create'), ('container', 'create'), ('network', 'connect'), ('container',
                 'start'), ('container', 'exec_create'), ('container', 'exec_start'), ('container', 'exec_die'), ('container',
                 'kill'), ('network', 'disconnect'), ('container', 'die'), ('container', 'destroy'), ('network', 'destroy')]:
        assert want in seen, (want, seen)
    past = list(cli.events(since=begin, until=int(time.time()) + 2, decode=True, filters={'container': 'evented', 'event': 'die'}))
    same([(e['Action'], e['Actor']['Attributes']['exitCode'], e['Actor']['Attributes']['k'], e['status'], e['id'])
          for e in past], [('die', '137', 'v', 'die', c.id)])


def networks():
    ipam = IPAMConfig(pool_configs=[IPAMPool(subnet='10.84.0.0/24', gateway='10.84.0.254', iprange='10.84.0.128/25',
                                             aux_addresses={'r': '10.84.0.129'})])
    n = cli.networks.create('mine', driver='bridge', ipam=ipam, check_duplicate=True, labels={'a': 'b'}, attachable=True,
                            options={'com.docker.network.driver.mtu': '1400'})
    same(n.attrs['IPAM']['Config'][0]['Gateway'], '10.84.0.254')
    other = cli.networks.create('other', internal=True)
    a = cli.containers.run('small', 'sleep 1000', detach=True, name='net-a', network='mine')
    same(a.exec_run('ip -4 route show default').output.split()[2], b'10.84.0.254')
    b = cli.containers.create('small', 'sleep 1000', name='net-b')
    n.connect(b, aliases=['bee'], ipv4_address='10.84.0.77', links=[('net-a', 'friend')])
    b.start()
    assert a.exec_run('ping -c 1 -W 30 bee').exit_code == 0
    assert b.exec_run('ping -c 1 -W 30 friend').exit_code == 0
    n.reload()
    same(sorted(c.name for c in n.containers), ['net-a', 'net-b'])
    other.connect(a)
    a.reload()
    same(sorted(a.attrs['NetworkSettings']['Networks']), ['mine', 'other'])
    refused(403, 'has active endpoints', n.remove)
    refused(409, 'already exists', cli.networks.create, 'mine', check_duplicate=True)
    refused(404, 'not found', cli.networks.get, 'none-such')
    n.disconnect('net-b', force=True)
    b.reload()
    assert 'mine' not in b.attrs['NetworkSettings']['Networks']
    low = cli.api
    c = low.create_container('small', 'sleep 1000', name='net-c', mac_address='02:42:ac:11:00:99', host_config=low.create_host_config(network_mode='mine'),
                             networking_config=low.create_networking_config({'mine': low.create_endpoint_config(
                                 aliases=['sea'], ipv4_address='10.84.0.99')}))
    low.start(c['Id'])
    e = low.inspect_container(c['Id'])['NetworkSettings']['Networks']['mine']
    same((e['IPAddress'], e['MacAddress']), ('10.84.0.99', '02:42:ac:11:00:99'))
    assert a.exec_run('ping -c 1 -W 30 sea').exit_code == 0
    for name in 'net-a', 'net-b', 'net-c':
        cli.containers.get(name).remove(force=True)
    same([x.name for x in cli.networks.list(names=['mine'], filters={'label': 'a=b'}, greedy=True)], ['mine'])
    same(sorted(cli.networks.prune()['NetworksDeleted']), ['mine', 'other'])


def volumes():
    v = cli.volumes.create('data', driver='local', labels={'k': '1'})
    same((v.name, v.attrs['Scope'], v.attrs['Driver']), ('data', 'local', 'local'))
    cli.containers.run('small', 'touch /d/kept', volumes=['data:/d'], remove=True)
    same(cli.containers.run('small', 'ls /d', volumes=['data:/d:ro'], remove=True), b'kept\n')
    c = cli.containers.create('small', 'true', volumes=['data:/d'])
    refused(409, 'volume is in use', v.remove)
    c.remove()
    same([x.name for x in cli.volumes.list(filters={'label': 'k=1', 'dangling': True})], ['data'])
    refused(404, 'no such volume', cli.volumes.get, 'none-such')
    v.remove()
    cli.volumes.create()
    assert len(cli.volumes.prune()['VolumesDeleted']) == 1


def images():
    i = cli.images.get('small')
    same(i.tags, ['small:latest'])
    assert i.tag('localhost/copy', 'two') and i.tag('localhost/copy:three')
    i.reload()
    same(sorted(i.tags), ['localhost/copy:three', 'localhost/copy:two', 'small:latest'])
    same(i.history()[0]['Id'], i.id)
    same(len(cli.images.list('localhost/copy')[0].tags), 3)
    same([x.id for x in cli.images.list(filters={'reference': 'localhost/*:two'})], [i.id])
    saved = b''.join(i.save(named='localhost/copy:two'))
    cli.images.remove('localhost/copy:two')
    cli.images.remove('localhost/copy:three', noprune=True)
    same([sorted(x.tags) for x in cli.images.load(saved)], [['localhost/copy:two', 'small:latest']])
    cli.images.remove('localhost/copy:two')
    refused(404, 'No such image', cli.images.get, 'none-such:1')
    refused(404, 'No such image', cli.images.remove, 'none-such:1')
    made = cli.api.import_image_from_data(archive({'file': b'x'}), repository='imported', tag='1', changes=['CMD ["/x"]'])
    assert '"status":"sha256:' in made, made
    same(cli.images.get('imported:1').attrs['Config']['Cmd'], ['/x'])
    cli.images.remove('imported:1', force=True)
    same(cli.images.prune(filters={'dangling': True})['SpaceReclaimed'], 0)


def registry():
    name, user, password = (os.environ[k] for k in ('REGISTRY', 'REGISTRY_USER', 'REGISTRY_PASSWORD'))
    refused(401, '401 Unauthorized', cli.login, user, 'wrong', registry=name, reauth=True)
    same(cli.login(user, password, registry=name)['Status'], 'Login Succeeded')
    cli.images.get('small').tag(name + '/pushed', '1')
    lines = list(cli.images.push(name + '/pushed', tag='1', stream=True, decode=True))
    assert lines[-1]['aux']['Digest'].startswith('sha256:'), lines[-1]
    cli.images.remove(name + '/pushed:1')
    i = cli.images.pull(name + '/pushed', tag='1')
    same(i.id, cli.images.get('small').id)
    data = cli.images.get_registry_data(name + '/pushed:1')
    same(data.id, lines[-1]['aux']['Digest'])
    assert data.has_platform('linux/amd64')
    refused(404, 'not found', cli.images.pull, name + '/pushed', tag='none')
    cli.images.remove(name + '/pushed:1')
    # credentials of one call only
    fresh = docker.DockerClient(base_url=os.environ['DOCKER_HOST'])
    fresh.api._auth_configs = docker.auth.AuthConfig({})
    fresh.images.pull(name + '/pushed', tag='1', auth_config={'username': user, 'password': password})
    refused(500, 'no basic auth credentials', fresh.images.pull, name + '/pushed', tag='1')
    cli.images.remove(name + '/pushed:1')


def old_versions():
    for version in '1.24', '1.35', '1.41':
        low = docker.APIClient(base_url=os.environ['DOCKER_HOST'], version=version, timeout=300)
        same(low.version()['ApiVersion'], '1.51')
        host = low.create_host_config(binds=['/tmp:/host:ro'], port_bindings={80: None}, restart_policy={'Name': 'always'},
                                      mem_swappiness=None, tmpfs={'/x': ''}, cap_add=['SYS_PTRACE'])
        c = low.create_container('small', 'sh -c "echo said; sleep 1000"', name='old', ports=[80], host_config=host,
                                 environment={'V': version}, volumes=['/data'], labels={'v': version})
        low.start(c['Id'])
        until(lambda: low.logs('old') == b'said\n')
        same([x['Names'] for x in low.containers(filters={'label': 'v=' + version})], [['/old']])
        i = low.inspect_container('old')
        same((i['State']['Status'], i['HostConfig']['RestartPolicy']['Name']), ('running', 'always'))
        same(low.port('old', 80)[0]['HostIp'], '0.0.0.0')
        e = low.exec_create('old', ['sh', '-c', 'echo $V; exit 9'])
        same(low.exec_start(e['Id']), version.encode() + b'\n')
        same(low.exec_inspect(e['Id'])['ExitCode'], 9)
        same(len(low.stats('old', stream=False)['cpu_stats']) > 0, True)
        low.stop('old', timeout=0)
        same(low.wait('old')['StatusCode'], 137)
        assert 'VirtualSize' in low.inspect_image('small')
        assert 'VirtualSize' in low.images('small')[0]
        low.remove_container('old', v=True)
        low.networks()
        low.volumes()
    refused(400, 'client version 1.99 is too new. Maximum supported API version is 1.51',
            docker.APIClient(base_url=os.environ['DOCKER_HOST'], version='1.99').info)


def swarm():
    refused(503, 'This node is not a swarm manager', cli.services.list)
    refused(503, 'This node is not a swarm manager', cli.nodes.list)
    refused(503, 'This node is not a swarm manager', cli.secrets.list)
    same(cli.plugins.list(), [])


for step in sys.argv[1:]:
    globals()[step]()
