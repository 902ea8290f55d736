// SPDX-License-Identifier: MIT
// dockerode (docker-modem) against the engine at DOCKER_HOST; images and registry are prepared by
// clients-node.bats.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { stat, rm } from 'node:fs/promises';
import { finished, pipeline } from 'node:stream/promises';
import Docker from 'dockerode';
import tar from 'tar-stream';
import { cases, ended, sink, sleep, within } from './cases.mjs';

const docker = new Docker();
const sha256 = bytes => createHash('sha256').update(bytes).digest('hex');

const follow = stream => new Promise((done, fail) =>
	docker.modem.followProgress(stream, (err, all) => {
		const bad = err ?? all.find(line => line.error);
		if (bad) fail(new Error(bad.error ?? bad));
		else done(all);
	}));

const refused = (promise, code, text) => assert.rejects(promise, e => {
	assert.equal(e.statusCode, code, String(e));
	assert.match(e.json?.message ?? e.message, text);
	return true;
});

async function running(options = {}) {
	const c = await docker.createContainer({ Image: 'small', Cmd: ['sleep', '1000'], StopTimeout: 0, ...options });
	await c.start();
	return c;
}

// pausing needs a delegated cgroup
const canPause = async () => (await docker.info()).CgroupDriver !== 'none';

async function archive(files) {
	const pack = tar.pack();
	for (const [name, content] of Object.entries(files)) pack.entry({ name, mtime: new Date(1e12) }, content);
	pack.finalize();
	return ended(pack);
}

async function entries(stream) {
	const found = {};
	const extract = tar.extract();
	extract.on('entry', (header, body, next) => {
		ended(body).then(b => { found[header.name] = { ...header, text: b.toString() }; next(); });
	});
	await pipeline(stream, extract);
	return found;
}

// exec: output of a command in a container, demultiplexed, and its exit code
async function exec(c, options, input) {
	const e = await c.exec({ AttachStdout: true, AttachStderr: true, AttachStdin: input !== undefined, ...options });
	const stream = await e.start({ hijack: true, stdin: input !== undefined, Tty: options.Tty });
	const out = sink(), err = sink();
	if (options.Tty) stream.pipe(out);
	else docker.modem.demuxStream(stream, out, err);
	const end = new Promise(done => stream.on('end', done));
	if (input !== undefined) stream.end(input);
	await end;
	const { ExitCode, Running, ProcessConfig } = await e.inspect();
	return { out: out.text(), err: err.text(), bytes: out.bytes(), code: ExitCode, running: Running, ProcessConfig };
}

await cases({
	async run() {
		const out = sink(), err = sink();
		const [data, c] = await docker.run('small', ['sh', '-c', 'echo out; echo err >&2; exit 7'], [out, err], { Tty: false });
		await Promise.all([finished(out), finished(err)]);
		assert.deepEqual([data.StatusCode, out.text(), err.text()], [7, 'out\n', 'err\n']);
		await c.remove();
		const tty = sink();
		const [done, t] = await docker.run('small', ['sh', '-c', 'tty; echo err >&2'], tty);
		await finished(tty);
		assert.deepEqual([done.StatusCode, tty.text()], [0, '/dev/pts/0\r\nerr\r\n']);
		await t.remove(); // (with AutoRemove it could be gone before dockerode waits for it)
	},

	async attach() {
		// 1 MB through cat and back; the end of input is the end of the container
		const bytes = randomBytes(1 << 20);
		const c = await docker.createContainer({ Image: 'small', Cmd: ['cat'], OpenStdin: true, StdinOnce: true,
			AttachStdin: true, AttachStdout: true, AttachStderr: true });
		const stream = await c.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
		const out = sink(), err = sink();
		docker.modem.demuxStream(stream, out, err);
		const end = new Promise(done => stream.on('end', done));
		const waited = c.wait({ condition: 'next-exit' });
		await c.start();
		stream.end(bytes);
		await end;
		assert.equal((await waited).StatusCode, 0);
		assert.equal(sha256(out.bytes()), sha256(bytes));
		assert.equal(err.bytes().length, 0);
		await c.remove();
	},

	async terminal() {
		const c = await docker.createContainer({ Image: 'small', Cmd: ['sh'], OpenStdin: true, Tty: true });
		const stream = await c.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true });
		const out = sink();
		stream.pipe(out);
		await c.start();
		await c.resize({ h: 33, w: 101 });
		stream.write('stty size\n');
		await within(60000, () => out.text().includes('33 101'));
		// a second client sees the same, from its beginning
		const late = await c.attach({ stream: true, stdout: true, logs: true });
		const seen = sink();
		late.pipe(seen);
		await within(60000, () => seen.text().includes('33 101'));
		stream.write('\x10\x11'); // the keys that detach
		await new Promise(done => stream.on('close', done));
		assert.equal((await c.inspect()).State.Running, true);
		const again = await c.attach({ stream: true, stdin: true, stdout: true, hijack: true });
		const waited = c.wait();
		again.write('exit 5\n');
		again.resume();
		assert.equal((await waited).StatusCode, 5);
		await c.remove();
	},

	async exec() {
		const c = await running();
		let r = await exec(c, { Cmd: ['sh', '-c', 'echo $A; id -u; pwd; echo bad >&2; exit 9'], Env: ['A=b c'],
			User: 'user', WorkingDir: '/tmp' });
		assert.deepEqual([r.out, r.err, r.code, r.running], ['b c\n1000\n/tmp\n', 'bad\n', 9, false]);
		const bytes = randomBytes(1 << 20);
		r = await exec(c, { Cmd: ['cat'] }, bytes);
		assert.deepEqual([sha256(r.bytes), r.code], [sha256(bytes), 0]);
		r = await exec(c, { Cmd: ['sh'], Tty: true }, 'tty; exit 4\n');
		assert.match(r.out, /\/dev\/pts\/0\r\n/);
		assert.equal(r.code, 4);
		assert.deepEqual([r.ProcessConfig.tty, r.ProcessConfig.entrypoint], [true, 'sh']);
		// without hijacking, and detached
		const e = await c.exec({ Cmd: ['echo', 'plain'], AttachStdout: true });
		const out = sink();
		const stream = await e.start();
		docker.modem.demuxStream(stream, out, out);
		await new Promise(done => stream.on('end', done));
		assert.equal(out.text(), 'plain\n');
		const d = await c.exec({ Cmd: ['sh', '-c', 'sleep 0.1; exit 3'] });
		await d.start({ Detach: true });
		await within(60000, async () => (await d.inspect()).ExitCode === 3);
		// a terminal of a size given, and changed
		const t = await c.exec({ Cmd: ['sh'], Tty: true, AttachStdin: true, AttachStdout: true, ConsoleSize: [20, 70] });
		const tty = await t.start({ hijack: true, stdin: true, Tty: true });
		const seen = sink();
		tty.pipe(seen);
		tty.write('stty size\n');
		await within(60000, () => seen.text().includes('20 70'));
		await t.resize({ h: 21, w: 71 });
		tty.write('stty size\n');
		await within(60000, () => seen.text().includes('21 71'));
		tty.end('exit\n');
		r = await exec(c, { Cmd: ['no-such-program'] });
		assert.equal(r.code, 127);
		await c.stop();
		await refused(c.exec({ Cmd: ['true'] }), 409, /is not running/);
		await c.remove();
	},

	async logs() {
		const c = await running({ Cmd: ['sh', '-c', 'echo one; echo two >&2; while [ ! -e /go ]; do sleep 0.05; done; echo three'] });
		const out = sink(), err = sink();
		const stream = await c.logs({ follow: true, stdout: true, stderr: true });
		docker.modem.demuxStream(stream, out, err);
		const end = new Promise(done => stream.on('end', done));
		await within(60000, () => out.text() === 'one\n' && err.text() === 'two\n');
		await exec(c, { Cmd: ['touch', '/go'] });
		await end;
		assert.equal(out.text(), 'one\nthree\n');
		const tail = await c.logs({ stdout: true, timestamps: true, tail: 1 });
		assert.equal(tail[0], 1);
		assert.match(tail.subarray(8).toString(), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z three\n$/);
		const at = Date.parse(tail.subarray(8, 38).toString()) / 1000;
		assert.equal((await c.logs({ stdout: true, stderr: true, since: at + 10 })).length, 0);
		assert.match((await c.logs({ stderr: true, until: Math.ceil(at) + 5 })).toString(), /two\n$/);
		await refused(c.logs({}), 400, /you must choose at least one stream/);
		await c.remove();
	},

	async stats() {
		const c = await running();
		const one = await c.stats({ stream: false });
		assert.equal(one.id, c.id);
		assert.ok(one.pids_stats && one.cpu_stats && one.networks.eth0);
		const stream = await c.stats({ stream: true });
		const got = sink();
		stream.pipe(got);
		await within(60000, () => got.text().split('\n').length > 2);
		const [first, second] = got.text().split('\n').map(l => l && JSON.parse(l));
		assert.equal(second.preread, first.read);
		const end = new Promise(done => stream.on('end', done));
		await c.remove({ force: true });
		await end;
	},

	async events() {
		const pauses = await canPause();
		const since = Math.floor(Date.now() / 1000) - 5; // a clock may be set
		const stream = await docker.getEvents({ filters: { type: ['container'], label: ['who=events'] } });
		const got = sink();
		stream.pipe(got);
		const actions = () => got.text().split('\n').filter(Boolean).map(l => JSON.parse(l));
		const c = await running({ Labels: { who: 'events' } });
		if (pauses) await c.pause().then(() => c.unpause());
		await c.rename({ name: 'renamed' });
		await c.kill({ signal: 'SIGKILL' });
		await c.wait();
		await c.remove();
		const want = ['create', 'start', ...pauses ? ['pause', 'unpause'] : [], 'rename', 'kill', 'die', 'destroy'];
		await within(60000, () => actions().length >= want.length);
		assert.deepEqual(actions().map(e => e.Action), want);
		const died = actions().find(e => e.Action === 'die');
		assert.deepEqual([died.Actor.ID, died.Actor.Attributes.exitCode, died.Actor.Attributes.who], [c.id, '137', 'events']);
		stream.destroy();
		// the same afterwards, of the past
		const past = (await ended(await docker.getEvents({ since, until: Math.ceil(Date.now() / 1000) + 2,
			filters: JSON.stringify({ container: [c.id] }) }))).toString().trim().split('\n').map(l => JSON.parse(l).Action);
		assert.deepEqual(past, want);
	},

	async archive() {
		const c = await docker.createContainer({ Image: 'small', Cmd: ['cat', '/tmp/dir/b'] });
		await c.putArchive(await archive({ 'a': 'first', 'dir/b': 'second' }), { path: '/tmp' });
		const found = await entries(await c.getArchive({ path: '/tmp/dir' }));
		assert.equal(found['dir/b'].text, 'second');
		assert.equal(found['dir/b'].mtime.getTime(), 1e12);
		const head = await c.infoArchive({ path: '/tmp/a' });
		const st = JSON.parse(Buffer.from(head.headers['x-docker-container-path-stat'], 'base64'));
		assert.deepEqual([st.name, st.size], ['a', 5]);
		await refused(c.getArchive({ path: '/none' }), 404, /Could not find the file \/none in container/);
		await refused(c.putArchive(await archive({ x: 'x' }), { path: '/none' }), 404, /Could not find the file \/none/);
		await refused(c.putArchive(Buffer.from('this is no archive'), { path: '/tmp' }), 400, /./);
		// while it runs, as a stream of unknown length, 8 MB
		const big = randomBytes(8 << 20);
		const pack = tar.pack();
		pack.entry({ name: 'big' }, big, () => pack.finalize());
		await c.putArchive(pack, { path: '/tmp' });
		assert.equal(sha256((await exec2(c, '/tmp/big'))), sha256(big));
		const changes = await c.changes();
		assert.ok(changes.some(x => x.Path === '/tmp/big' && x.Kind === 1));
		const whole = await entries(await c.export());
		assert.ok(whole['bin/busybox'] && whole['tmp/a'].text === 'first');
		await c.remove();

		async function exec2(container, path) {
			const bytes = await ended(await container.getArchive({ path }));
			return bytes.subarray(512, 512 + big.length);
		}
	},

	async states() {
		const c = await running({ name: 'states', Labels: { n: '1' } });
		assert.match((await c.top()).Processes[0].join(' '), /sleep 1000/);
		assert.equal((await docker.listContainers({ filters: { name: ['states'] } }))[0].State, 'running');
		if (await canPause()) {
			await c.pause();
			assert.equal((await c.inspect()).State.Status, 'paused');
			await c.unpause();
		}
		await c.restart({ t: 0 });
		await c.update({ RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 2 } });
		assert.equal((await c.inspect()).HostConfig.RestartPolicy.MaximumRetryCount, 2);
		const removed = c.wait({ condition: 'removed' });
		await refused(c.remove(), 409, /container is running: stop the container before removing or force remove/);
		await refused(docker.createContainer({ Image: 'small', name: 'states' }), 409, /Conflict\. The container name "\/states" is already in use/);
		await c.stop({ t: 0 });
		await c.stop().catch(e => assert.equal(e.statusCode, 304));
		await c.remove({ v: true });
		assert.equal((await removed).StatusCode, 137);
		await refused(c.inspect(), 404, /No such container/);
		await refused(docker.createContainer({ Image: 'nothing-like-this' }), 404, /No such image: nothing-like-this:latest/);
		await refused(docker.createContainer({ Image: 'small', Cmd: ['true'], HostConfig: { NetworkMode: 'no-net' } })
			.then(x => x.start()), 404, /network no-net not found/);
		assert.equal((await docker.ping()).toString(), 'OK');
		assert.ok((await docker.version()).Components.length);
		assert.ok((await docker.info()).SecurityOptions.includes('name=rootless'));
		assert.ok((await docker.df()).Images.length);
	},

	async images() {
		const image = docker.getImage('small');
		await image.tag({ repo: 'other', tag: 'v1' });
		assert.ok((await docker.listImages({ filters: { reference: ['other'] } }))[0].RepoTags.includes('other:v1'));
		assert.equal((await image.history()).length, 1);
		const c = await docker.createContainer({ Image: 'small', Cmd: ['touch', '/made'], Labels: { l: 'm' } });
		await c.start();
		await c.wait();
		const made = await c.commit({ repo: 'made', tag: '1', comment: 'c', changes: 'CMD ["ls", "/made"]' });
		await c.remove();
		assert.deepEqual((await docker.getImage(made.Id).inspect()).Config.Cmd, ['ls', '/made']);
		// out, away, in again
		const file = `${process.env.HOME}/made.tar`;
		await pipeline(await docker.getImage('made:1').get(), createWriteStream(file));
		assert.ok((await stat(file)).size > 1e6);
		await docker.getImage('made:1').remove();
		await refused(docker.getImage('made:1').inspect(), 404, /No such image: made:1/);
		const loaded = await follow(await docker.loadImage(createReadStream(file)));
		assert.match(loaded.at(-1).stream, /Loaded image: made:1/);
		assert.equal((await docker.getImage('made:1').inspect()).Id, made.Id);
		await rm(file);
		// a root file system
		const root = await archive({ 'etc/who': 'imported' });
		const imported = await ended(await docker.importImage(root, { repo: 'imported', tag: 'x', changes: ['LABEL p=q'] }));
		assert.match(imported.toString(), /"status":"sha256:[0-9a-f]{64}"/);
		assert.equal((await docker.getImage('imported:x').inspect()).Config.Labels.p, 'q');
		for (const name of ['imported:x', 'made:1', 'other:v1']) await docker.getImage(name).remove();
	},

	async registry() {
		const { REGISTRY: host, REGISTRY_USER: username, REGISTRY_PASSWORD: password } = process.env;
		const authconfig = { username, password, serveraddress: host };
		const name = `${host}/node/small`;
		assert.equal((await docker.checkAuth(authconfig)).Status, 'Login Succeeded');
		await docker.getImage('small').tag({ repo: name, tag: 'a' });
		const image = docker.getImage(`${name}:a`);
		await assert.rejects(async () => follow(await image.push({ authconfig: { ...authconfig, password: 'wrong' } })));
		const pushed = await follow(await image.push({ authconfig }));
		const { Digest } = pushed.find(x => x.aux).aux;
		assert.match(Digest, /^sha256:/);
		await image.remove();
		await assert.rejects(docker.pull(`${name}:a`).then(follow), /no basic auth credentials|unauthorized|authentication required/);
		const pulled = await follow(await docker.pull(`${name}:a`, { authconfig }));
		assert.ok(pulled.some(x => x.status === `Digest: ${Digest}`));
		assert.match(pulled.at(-1).status, /Status: (Downloaded newer image|Image is up to date) for/);
		assert.equal((await docker.getImage(name + ':a').distribution({ authconfig })).Descriptor.digest, Digest);
		await assert.rejects(docker.pull(`${name}:none`, { authconfig }).then(follow), /manifest.*unknown|not found/);
		await docker.getImage(`${name}:a`).remove();
	},

	async networks() {
		const network = await docker.createNetwork({ Name: 'n1', Labels: { l: 'n' }, IPAM: { Config: [{ Subnet: '10.77.0.0/24' }] } });
		const server = await running({ name: 'server', Cmd: ['httpd', '-f', '-p', '80', '-h', '/etc'],
			NetworkingConfig: { EndpointsConfig: { n1: { Aliases: ['web'], IPAMConfig: { IPv4Address: '10.77.0.9' } } } },
			HostConfig: { NetworkMode: 'n1' } });
		const c = await running();
		await network.connect({ Container: c.id, EndpointConfig: { Aliases: ['client'] } });
		await within(60000, async () => /^root:x:0/.test((await exec(c, { Cmd: ['wget', '-qO-', 'http://web/passwd'] })).out));
		const seen = await network.inspect();
		assert.equal(seen.Containers[server.id].IPv4Address, '10.77.0.9/24');
		assert.equal(Object.keys((await c.inspect()).NetworkSettings.Networks).length, 2);
		await refused(network.remove(), 403, /has active endpoints/);
		await network.disconnect({ Container: c.id });
		await refused(network.disconnect({ Container: c.id }), 500, /is not connected to network n1/);
		await refused(docker.createNetwork({ Name: 'n1' }), 409, /network with name n1 already exists/);
		await server.remove({ force: true });
		await c.remove({ force: true });
		assert.deepEqual((await docker.pruneNetworks({ filters: { label: ['l=n'] } })).NetworksDeleted, ['n1']);
		await refused(network.inspect(), 404, /network .* not found/);
	},

	async volumes() {
		const volume = await docker.createVolume({ Name: 'v1', Labels: { l: 'v' } });
		const out = sink();
		const [, writer] = await docker.run('small', ['sh', '-c', 'echo kept >/v/f; cat /v/f'], out, { HostConfig: { Binds: ['v1:/v'] } });
		await finished(out);
		assert.equal(out.text(), 'kept\r\n');
		await writer.remove();
		const c = await docker.createContainer({ Image: 'small', HostConfig: { Mounts: [{ Type: 'volume', Source: 'v1', Target: '/w' }] } });
		assert.equal((await entries(await c.getArchive({ path: '/w/f' }))).f.text, 'kept\n');
		await refused(docker.getVolume('v1').remove(), 409, /volume is in use/);
		await c.remove({ v: true });
		assert.equal((await volume.inspect()).Labels.l, 'v');
		assert.ok((await docker.listVolumes({ filters: { label: ['l=v'] } })).Volumes.length);
		await docker.createVolume({ Labels: { l: 'v' } });
		const pruned = await docker.pruneVolumes({ filters: { label: ['l=v'], all: ['true'] } });
		assert.equal(pruned.VolumesDeleted.length, 2);
		await refused(docker.getVolume('v1').inspect(), 404, /no such volume/);
	},

	async prune() {
		const c = await docker.createContainer({ Image: 'small', Labels: { p: 'q' } });
		const kept = await docker.createContainer({ Image: 'small' });
		assert.deepEqual((await docker.pruneContainers({ filters: { label: ['p=q'] } })).ContainersDeleted, [c.id]);
		await kept.remove();
		await ended(await docker.importImage(await archive({ a: 'lonely' }), {}));
		const pruned = await docker.pruneImages({ filters: { dangling: ['true'] } });
		assert.equal(pruned.ImagesDeleted.filter(x => x.Deleted).length >= 1, true);
		assert.ok(pruned.SpaceReclaimed >= 0);
	},

	// clients that go away in the middle: the caller counts what the engine holds before and after
	async away() {
		const c = await running({ name: 'away', Cmd: ['sh', '-c', 'while :; do echo line; sleep 0.01; done'] });
		const modes = [
			s => c.logs({ follow: true, stdout: true, abortSignal: s }),
			s => c.attach({ stream: true, stdout: true, stderr: true, abortSignal: s }),
			s => c.attach({ stream: true, stdin: true, stdout: true, hijack: true, abortSignal: s }),
			s => c.stats({ stream: true, abortSignal: s }),
			s => docker.getEvents({ abortSignal: s }),
			s => c.export({ abortSignal: s }),
			s => c.getArchive({ path: '/bin', abortSignal: s }),
			s => docker.getImage('small').get(),
			s => c.wait({ abortSignal: s }),
			async s => (await c.exec({ Cmd: ['yes'], AttachStdout: true })).start({ hijack: true, abortSignal: s }),
			async s => (await c.exec({ Cmd: ['cat'], AttachStdin: true, AttachStdout: true })).start({ hijack: true, stdin: true, abortSignal: s }),
		];
		for (let round = 0; round < 3; round++)
			await Promise.all(modes.map(async start => {
				const gone = new AbortController();
				const going = start(gone.signal).then(s => s?.on?.('error', () => {}).once('data', () => {}), () => null);
				await sleep(200);
				gone.abort();
				const stream = await going;
				stream?.destroy?.();
			}));
		// half an archive and half an image
		for (const send of [s => c.putArchive(s, { path: '/tmp' }), s => docker.loadImage(s), s => docker.importImage(s)]) {
			const pack = tar.pack();
			pack.entry({ name: 'half', size: 1 << 20 }, () => {}).write(randomBytes(1000));
			const sent = send(pack).then(s => s?.resume?.(), () => null);
			await sleep(100);
			pack.destroy(new Error('gone'));
			await sent;
		}
		// the modem's own timeout; what was asked for is done all the same
		const impatient = new Docker({ timeout: 200 });
		await assert.rejects(impatient.getContainer(c.id).stop({ t: 3 }), /socket hang up/);
		await within(60000, async () => !(await c.inspect()).State.Running);
		await c.remove();
	},
});
