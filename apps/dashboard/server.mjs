// The built dashboard as a process: listens on PORT of the loopback interface and ends with its parent.
import { createServer } from 'node:http';
import next from 'next';

const port = Number(process.env.PORT ?? 4001);
const app = next({ dev: false, dir: import.meta.dirname });
const handle = app.getRequestHandler();
await app.prepare();
const server = createServer((request, response) => handle(request, response));
server.listen(port, '127.0.0.1', () =>
  process.send?.({ listening: `http://127.0.0.1:${server.address().port}` }),
);
const stop = () => {
  server.close();
  server.closeAllConnections();
  process.exit(0);
};
process.on('SIGTERM', stop);
process.on('SIGINT', stop);
process.on('disconnect', stop);
