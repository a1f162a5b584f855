// A WebSocket server that sends every payload it is posted to every client, as the package's own
// documentation shows. POST /broadcast takes a JSON array of texts. Run: node fanout_ws.mjs PORT
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

// The package lies in the folder that this was started in, not beside this file.
const { WebSocket, WebSocketServer } = createRequire(`${process.cwd()}/`)('ws');

const server = createServer((request, response) => {
  if (request.method !== 'POST') return response.end();
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => {
    for (const text of JSON.parse(Buffer.concat(parts).toString())) {
      for (const client of sockets.clients) {
        if (client.readyState === WebSocket.OPEN) client.send(text);
      }
    }
    response.end();
  });
});
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
server.listen({ port: Number(process.argv[2]), host: '127.0.0.1', backlog: 1024 });
