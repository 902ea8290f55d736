// SPDX-License-Identifier: MIT
// testcontainers for Node against the engine at DOCKER_HOST; images are prepared by
// clients-node.bats.
import assert from 'node:assert/strict';
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import tar from 'tar-stream';
import { GenericContainer, getContainerRuntimeClient, Network, PullPolicy, Wait } from 'testcontainers';
import { cases, ended, sink, within } from './cases.mjs';

const small = () => new GenericContainer('small').withStartupTimeout(200000);
const web = ['sh', '-c', 'mkdir -p /www; echo served >/www/index.html; httpd -p 8080 -h /www; echo is ready; exec sleep 1000'];
const get = async c => (await fetch(`http://${c.getHost()}:${c.getMappedPort(8080)}/`)).text();

await cases({
	async run() {
		const c = await small().withCommand(web).withExposedPorts(8080).withEnvironment({ A: 'b' })
			.withLabels({ l: 'tc' }).withName('tc-run').withWorkingDir('/tmp').withUser('root').withHostname('host-of-it')
			.withTmpFs({ '/scratch': 'rw,noexec' }).withExtraHosts([{ host: 'other', ipAddress: '10.9.8.7' }])
			.withAddedCapabilities('NET_ADMIN').withDroppedCapabilities('MKNOD').withSharedMemorySize(1 << 20)
			.withUlimits({ nofile: { soft: 100, hard: 200 } }).start();
		assert.equal(await get(c), 'served\n');
		assert.equal(c.getName(), '/tc-run');
		assert.equal(c.getLabels().l, 'tc');
		const r = await c.exec(['sh', '-c', 'echo $A; pwd; hostname; ulimit -n; grep other /etc/hosts; grep -c scratch /proc/mounts']);
		assert.deepEqual([r.exitCode, r.output], [0, 'b\n/tmp\nhost-of-it\n100\n10.9.8.7\tother\n1\n']);
		assert.match(c.getIpAddress('bridge'), /^172\./);
		await c.restart();
		assert.equal(await get(c), 'served\n');
		const stopped = await c.stop({ remove: false });
		const files = await stopped.copyArchiveFromContainer('/www/index.html');
		assert.match((await ended(files)).toString(), /served/);
		const again = await getContainerRuntimeClient();
		await again.container.remove(again.container.getById(stopped.getId()), { removeVolumes: true });
	},

	async waits() {
		const started = await Promise.all([
			small().withCommand(web).withExposedPorts(8080).withWaitStrategy(Wait.forListeningPorts()).start(),
			small().withCommand(web).withExposedPorts(8080).withWaitStrategy(Wait.forLogMessage('is ready')).start(),
			small().withCommand(['sh', '-c', 'for i in 1 2 3; do echo line $i; sleep 0.1; done; sleep 1000'])
				.withWaitStrategy(Wait.forLogMessage(/line \d/, 3)).start(),
			small().withCommand(web).withExposedPorts(8080)
				.withWaitStrategy(Wait.forHttp('/', 8080).forStatusCode(200).forResponsePredicate(b => b === 'served\n')).start(),
			small().withCommand(web).withExposedPorts(8080)
				.withHealthCheck({ test: ['CMD-SHELL', 'wget -qO- 127.0.0.1:8080 || exit 1'], interval: 200, timeout: 20000, retries: 100, startPeriod: 0 })
				.withWaitStrategy(Wait.forHealthCheck()).start(),
			small().withCommand(web).withExposedPorts(8080).withWaitStrategy(Wait.forSuccessfulCommand('wget -qO- 127.0.0.1:8080')).start(),
			small().withCommand(['true']).withWaitStrategy(Wait.forOneShotStartup()).start(),
			small().withCommand(web).withExposedPorts(8080)
				.withWaitStrategy(Wait.forAll([Wait.forListeningPorts(), Wait.forLogMessage('is ready')])).start(),
		]);
		for (const i of [0, 1, 3, 4, 5, 7]) assert.equal(await get(started[i]), 'served\n');
		await Promise.all(started.map(c => c.stop({ timeout: 1 })));
		// what does not come is an error, with the container gone
		await assert.rejects(small().withCommand(['sleep', '1000']).withStartupTimeout(300)
			.withWaitStrategy(Wait.forLogMessage('never')).start(), /not received after 300ms/);
		await assert.rejects(small().withCommand(['false']).withWaitStrategy(Wait.forOneShotStartup()).start(), /failed to start/);
		await assert.rejects(small().withCommand(['sleep', '1000'])
			.withHealthCheck({ test: ['CMD', 'false'], interval: 100, timeout: 20000, retries: 1, startPeriod: 0 })
			.withWaitStrategy(Wait.forHealthCheck()).start(), /unhealthy|[Hh]ealth/);
	},

	async networks() {
		const network = await new Network().start();
		const server = await small().withCommand(web).withNetwork(network).withNetworkAliases('web', 'www')
			.withWaitStrategy(Wait.forLogMessage('is ready')).start();
		const client = await small().withCommand(['sleep', '1000']).withNetwork(network).start();
		for (const name of ['web', 'www', server.getName().slice(1), server.getHostname()]) {
			const r = await client.exec(['wget', '-qO-', `http://${name}:8080/`]);
			assert.deepEqual([name, r.exitCode, r.output], [name, 0, 'served\n']);
		}
		assert.ok(server.getNetworkNames().includes(network.getName()));
		assert.equal((await client.exec(['nslookup', 'not-there'])).exitCode, 1);
		await server.stop({ timeout: 1 });
		await client.stop({ timeout: 1 });
		await network.stop();
	},

	async exec() {
		const c = await small().withCommand(['sleep', '1000']).start();
		const r = await c.exec(['sh', '-c', 'echo out; echo err >&2; id -u; pwd; echo $X; exit 3'],
			{ user: 'user', workingDir: '/tmp', env: { X: 'y' } });
		assert.deepEqual([r.exitCode, r.stdout, r.stderr], [3, 'out\n1000\n/tmp\ny\n', 'err\n']);
		const many = await Promise.all([...Array(10).keys()].map(i => c.exec(['echo', `${i}`])));
		assert.deepEqual(many.map(x => x.output.trim()), [...Array(10).keys()].map(String));
		assert.notEqual((await c.exec(['no-such-program'])).exitCode, 0);
		await c.stop({ timeout: 0 });
	},

	async logs() {
		const early = sink();
		const c = await small().withCommand(['sh', '-c', 'echo one; echo two >&2; until [ -e /go ]; do sleep 0.05; done; echo three; sleep 1000'])
			.withLogConsumer(s => s.pipe(early)).start();
		const late = sink();
		(await c.logs()).pipe(late);
		await within(60000, () => late.text().includes('two')); // output of two streams at once has no order
		await c.exec(['touch', '/go']);
		await within(60000, () => late.text().includes('three'));
		await within(60000, () => early.text().includes('three'));
		assert.equal(late.text(), 'one\ntwo\nthree\n');
		const tail = sink();
		(await c.logs({ tail: 1 })).pipe(tail);
		await within(60000, () => tail.text() === 'three\n');
		await c.stop({ timeout: 0 });
	},

	async copy() {
		const dir = await mkdtemp(`${tmpdir()}/tc-`);
		await writeFile(`${dir}/host`, 'from the host\n');
		const pack = tar.pack();
		pack.entry({ name: 'packed' }, 'from an archive\n');
		pack.finalize();
		const c = await small().withCommand(['sleep', '1000'])
			.withCopyContentToContainer([{ content: 'written\n', target: '/tmp/content', mode: 0o640 }])
			.withCopyFilesToContainer([{ source: `${dir}/host`, target: '/tmp/file', mode: 0o600 }])
			.withCopyDirectoriesToContainer([{ source: dir, target: '/tmp/dir' }])
			.withCopyArchivesToContainer([{ tar: pack, target: '/tmp' }])
			.withBindMounts([{ source: dir, target: '/bound', mode: 'ro' }]).start();
		const r = await c.exec(['sh', '-c', 'cd /tmp; cat content file dir/host packed /bound/host; stat -c %a content file; touch /bound/x']);
		assert.match(r.output, /^written\nfrom the host\nfrom the host\nfrom an archive\nfrom the host\n640\n600\n.*Read-only/);
		await c.copyContentToContainer([{ content: 'later\n', target: '/tmp/later' }]);
		await c.copyFilesToContainer([{ source: `${dir}/host`, target: '/tmp/deep/er/file' }]);
		assert.match((await ended(await c.copyArchiveFromContainer('/tmp/later'))).toString(), /later\n/);
		assert.equal((await c.exec(['cat', '/tmp/deep/er/file'])).output, 'from the host\n');
		const id = await c.commit({ repo: 'tc', tag: 'kept', deleteOnExit: false });
		await c.stop({ timeout: 0 });
		const from = await new GenericContainer('tc:kept').withCommand(['cat', '/tmp/later']).withWaitStrategy(Wait.forLogMessage('later')).start();
		assert.ok(id.length);
		await from.stop({ timeout: 0 });
	},

	// reuse: the second start finds the container of the first
	async reuse() {
		const start = () => small().withCommand(['sleep', '1000']).withReuse().start();
		const a = await start();
		const b = await start();
		assert.equal(a.getId(), b.getId());
		await b.stop({ timeout: 0 });
		const other = await small().withCommand(['sleep', '1000']).start();
		assert.notEqual(other.getId(), a.getId());
		await other.stop({ timeout: 0 });
	},

	// the reaper's container removes what a client leaves behind that ends without a word
	async left() {
		await new Network().start();
		const c = await small().withCommand(['sleep', '1000']).start();
		console.log(c.getId());
	},

	// the registry's address and credentials come from the docker configuration of the user
	async pull() {
		const c = await new GenericContainer(process.env.IMAGE).withPullPolicy(PullPolicy.alwaysPull())
			.withCommand(['sleep', '1000']).start();
		assert.equal((await c.exec(['echo', 'pulled'])).output, 'pulled\n');
		await c.stop({ timeout: 0 });
		await assert.rejects(new GenericContainer(`${process.env.IMAGE}-none`).start());
		const client = await getContainerRuntimeClient();
		assert.match(client.info.containerRuntime.serverVersion ?? '', /./);
	},
});
