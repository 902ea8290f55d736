# SPDX-License-Identifier: MIT
"""containerapi.py SOCKET rows TABLE | websocket | freezes NAME: asks the engine and says what is not as
expected.

A row of the table: method, path, body, status, message (or "-": none is looked at), by tabs; a
body may have "type:" before it. Ids in messages are written ID. Lines with # are comments. The
answers are those of dockerd 28.5.2.
"""
import asyncio, concurrent.futures, http.client, json, re, socket, sys


class Connection(http.client.HTTPConnection):
    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(300)
        self.sock.connect(sys.argv[1])


def ask(method, path, body, connection=Connection('localhost')):
    kind, sep, rest = body.partition('!')
    if not sep:
        kind, rest = 'application/json', body
    fields = {'Content-Type': kind} if kind and rest else {}
    connection.request(method, path, rest or None, fields)
    answer = connection.getresponse()
    text = answer.read().decode()
    try:
        message = json.loads(text).get('message', '-')
    except (ValueError, AttributeError):
        message = '-'
    return answer.status, re.sub(r'\b[0-9a-f]{64}\b', 'ID', message)


def rows(table):
    bad = 0
    for line in open(table):
        if line.startswith('#'):
            continue
        method, path, body, status, message = line.rstrip('\n').split('\t')
        got = ask(method, path, body)
        if got[0] != int(status) or (message != '-' and got[1] != message.replace('\\n', '\n')):
            bad += 1
            print(f'{method} {path} {body}\n  wanted {status} {message}\n  got    {got[0]} {got[1]}')
    return bad


def freezes(name):
    """Four clients pause and thaw a container. Where it cannot be frozen, nobody finds it frozen."""
    def many(verb):
        own = Connection('localhost')
        return {ask('POST', f'/v1.51/containers/{name}/{verb}', '', own) for _ in range(300)}

    with concurrent.futures.ThreadPoolExecutor() as pool:
        answers = set().union(*pool.map(many, ['pause', 'unpause'] * 2))
    print(answers)
    works = any(status == 204 for status, _ in answers)
    return not works and any('cannot unpause' in message or 'already' in message for _, message in answers)


async def websocket():
    import websockets

    async def attach(name, query, version='1.51'):
        return await websockets.unix_connect(
            sys.argv[1], f'ws://localhost/v{version}/containers/{name}/attach/ws?{query}', max_size=None)

    async def until(client, text=None):
        """what comes until the text is in it, or all with the code of the end; and its kinds"""
        got, kinds = '', set()
        try:
            while text is None or text not in got:
                piece = await asyncio.wait_for(client.recv(), 200)
                kinds.add(type(piece).__name__)
                got += piece if isinstance(piece, str) else piece.decode()
        except websockets.ConnectionClosed as closed:
            got += f'<{closed.code}>'
        return got, kinds

    client = await attach('cat', 'stdin=1&stdout=1&stream=1')
    await client.send(b'binary\n')
    await client.send('text\n')
    await client.send([b'fr', b'agm', b'ents\n'])
    await asyncio.wait_for(await client.ping(b'abc'), 200)
    assert await until(client, 'fragments\n') == ('binary\ntext\nfragments\n', {'bytes'})
    await client.send(b'y' * 200000 + b'\n')
    assert (await until(client, '\n'))[0] == 'y' * 200000 + '\n'
    await client.close()
    assert client.close_code == 1000
    # before 1.28 output is text, before 1.42 all streams are attached
    client = await attach('cat', 'stream=1', '1.27')
    await client.send('again\n')
    assert await until(client, 'again\n') == ('again\n', {'str'})
    await client.close()
    client = await attach('both', 'stderr=1&logs=1')
    assert (await until(client))[0] == 'err\n<1000>'
    client = await attach('once', 'stream=1&stdin=1&stdout=1')
    await client.send('line\n')
    assert (await until(client))[0] == 'got line\n<1000>'
    client = await attach('tty', 'stream=1&stdin=1&stdout=1')
    await client.send('echo a$((1+1))\n')
    assert '\r\na2\r\n' in (await until(client, '\r\na2\r\n'))[0]
    await client.send(b'\x10\x11')
    assert (await until(client))[0].endswith('<1000>')
    client = await attach('tty', 'stream=1&stdin=1&stdout=1&detachKeys=ctrl-a')
    await client.send(b'\x01')
    assert (await until(client))[0].endswith('<1000>')
    # a frame without a mask ends it
    client = await attach('cat', 'stdin=1&stdout=1&stream=1')
    client.transport.write(b'\x81\x01x')
    assert (await until(client))[0] == '<1002>'
    return 0


if sys.argv[2] == 'websocket':
    sys.exit(asyncio.run(websocket()))
if sys.argv[2] == 'freezes':
    sys.exit(freezes(sys.argv[3]))
sys.exit(rows(sys.argv[3]) != 0)
