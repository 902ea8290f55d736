// SPDX-License-Identifier: MIT
// What the programs of this folder share: `node FILE.mjs CASE` runs one case of a table; what it
// throws fails it. A case that hangs is ended by name.
import { Writable } from 'node:stream';

export const sleep = ms => new Promise(done => setTimeout(done, ms));

// within: repeats fn until it gives something true
export async function within(ms, fn) {
	for (const end = performance.now() + ms; ;) {
		const got = await fn();
		if (got) return got;
		if (performance.now() > end) throw new Error(`not within ${ms} ms: ${fn}`);
		await sleep(20);
	}
}

// sink: a writable stream that keeps what it was given
export function sink() {
	const chunks = [];
	const s = new Writable({ write(c, _, done) { chunks.push(c); done(); } });
	s.bytes = () => Buffer.concat(chunks);
	s.text = () => s.bytes().toString();
	return s;
}

// ended: the whole of a readable stream
export async function ended(stream) {
	const chunks = [];
	for await (const c of stream) chunks.push(Buffer.from(c));
	return Buffer.concat(chunks);
}

export async function cases(table) {
	const name = process.argv[2];
	setTimeout(() => {
		console.error(`case ${name} hangs`);
		process.exit(3);
	}, 600000);
	await table[name]();
	process.exit(0); // clients keep idle connections
}
