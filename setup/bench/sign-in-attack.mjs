// A process that tries wrong passwords, while it is told to: 'go' and 'pause' from its parent, how it stands in answer.
import { Agent, request } from 'node:http';
import { setPriority } from 'node:os';

// An attacker has a machine of its own: here it takes what the server and its users leave.
setPriority(19);
const [, , url, attempts, connections] = process.argv;
const { port } = new URL(url);
const agent = new Agent({ keepAlive: true, maxSockets: Number(connections) });
const statuses = {};
let [begun, ended, going] = [0, 0, false];

function attempt(n) {
  const body = JSON.stringify({ email: `nobody-${n}@example.org`, password: 'a guess of many' });
  return new Promise((done) => {
    const over = (status) => {
      statuses[status] = (statuses[status] ?? 0) + 1;
      ended++;
      done();
    };
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    request({ agent, host: '127.0.0.1', port, path: '/auth/sign-in', method: 'POST', headers }, (answer) => {
      answer.resume().on('end', () => over(answer.statusCode));
    })
      .on('error', ({ code }) => over(code))
      .end(body);
  });
}

/** They begin one after another within a second: what is measured is an attack that goes on, in parts. */
async function one(after) {
  await new Promise((done) => setTimeout(done, after));
  while (going && begun < attempts) await attempt(begun++);
}

process.on('message', (message) => {
  if (message === 'go') {
    going = true;
    for (let i = 0; i < connections; i++) void one((i / connections) * 1000);
  } else {
    going = false;
    // What was begun is answered first: it would be in the way of what is measured next.
    const wait = () => (ended < begun ? setTimeout(wait, 20) : process.send({ ended, statuses }));
    wait();
  }
});
process.on('disconnect', () => process.exit());
