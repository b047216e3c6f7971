// One client of the ingest benchmark, a process of its own. It is told what to send, and then for how long; it answers how many
// points (or runs) were acknowledged.
import { Buffer } from 'node:buffer';
import { Agent, request } from 'node:http';

const agent = new Agent({ keepAlive: true });
let send;

process.on('message', async (message) => {
  try {
    if (message.prepare) {
      send = await KINDS[message.prepare.kind](message.prepare);
      process.send({ ready: true });
      return;
    }
    const end = performance.now() + message.window * 1000;
    const begun = performance.now();
    let count = 0;
    while (performance.now() < end) count += await send();
    process.send({ rate: count / ((performance.now() - begun) / 1000) });
  } catch (error) {
    process.send({ error: error.stack ?? String(error) });
  }
});
process.on('disconnect', () => process.exit(0));

function post(url, path, type, body) {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': type, 'content-length': Buffer.byteLength(body) };
    const sent = request(new URL(path, url), { method: 'POST', agent, headers }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () =>
        response.statusCode === 200
          ? resolve(JSON.parse(text))
          : reject(new Error(`${response.statusCode}: ${text.slice(0, 300)}`)),
      );
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const METRICS = ['train_loss', 'train_accuracy', 'test_loss', 'test_accuracy'];

/** A loss that falls, with noise in every bit of it, as training gives it. */
const value = (step) => Math.exp(-step / 50_000) + 0.1 * Math.random();
const time = (step) => step * 0.011 + 0.001 * Math.random();

function accepted({ runs, points }, expected) {
  if (points !== expected) throw new Error(`not accepted: ${JSON.stringify(runs)}`);
  return points;
}

async function mutate(url, query, variables) {
  const { data, errors } = await post(
    url,
    '/graphql',
    'application/json',
    JSON.stringify({ query, variables }),
  );
  if (errors) throw new Error(errors[0].message);
  return data;
}

const REPORT =
  'mutation ($input: ReportMetricsInput!) { reportMetrics(input: $input) { results { __typename } } }';
const CREATE = `mutation ($input: CreateRunInput!) { createRun(input: $input) {
  __typename ... on CreateRunSuccess { claim { attempt run { id } } } ... on InvalidInput { message } } }`;
const FINISH = 'mutation ($input: FinishRunInput!) { finishRun(input: $input) { results { __typename } } }';

const KINDS = {
  /** Columns as bytes: steps and samples as what they rise by, epochs and wall times with four bytes, values with eight. */
  packed({ url, run, points, metrics = 4 }) {
    let sequence = 0;
    return async () => {
      sequence++;
      const from = (sequence - 1) * points + 1;
      const series = METRICS.slice(0, metrics).map((metric) => ({
        run,
        attempt: 1,
        sequence,
        metric,
        count: points,
        steps: { from, by: 1 },
        values: 'f64',
        epochs: 'f32',
        samplesSeen: { from: from * 128, by: 128 },
        wallTimes: 'f32',
      }));
      let header = JSON.stringify({ series });
      header += ' '.repeat((8 - (header.length % 8)) % 8);
      const values = Float64Array.from({ length: points }, (_, i) => value(from + i));
      const epochs = Float32Array.from({ length: points }, (_, i) => (from + i) / 390);
      const times = Float32Array.from({ length: points }, (_, i) => time(from + i));
      const head = Buffer.alloc(8);
      head.write('SBC1', 'latin1');
      head.writeUInt32LE(header.length, 4);
      const columns = [values, epochs, times].map((column) => Buffer.from(column.buffer));
      const body = Buffer.concat([head, Buffer.from(header), ...series.flatMap(() => columns)]);
      const answer = await post(url, '/ingest/points', 'application/vnd.smallbatch.columns', body);
      return accepted(answer, metrics * points);
    };
  },
  /** One point a line, all its fields. */
  ndjson({ url, run, points }) {
    let sequence = 0;
    return async () => {
      sequence++;
      const from = (sequence - 1) * points + 1;
      let body = '';
      for (let step = from; step < from + points; step++) {
        const rest = `"step":${step},"epoch":${(step / 390).toFixed(4)},"samplesSeen":${step * 128},"wallTime":${time(step).toFixed(3)},"value":${value(step)}}\n`;
        for (const metric of METRICS)
          body += `{"run":"${run}","sequence":${sequence},"metric":"${metric}",${rest}`;
      }
      const answer = await post(url, '/ingest/points', 'application/x-ndjson', body);
      return accepted(answer, METRICS.length * points);
    };
  },
  /** A mutation with columns, as the reporter of packages/client sends them. */
  graphql({ url, run, points }) {
    let sequence = 0;
    return async () => {
      sequence++;
      const steps = Array.from({ length: points }, (_, i) => (sequence - 1) * points + i + 1);
      const columns = {
        steps,
        epochs: steps.map((step) => step / 390),
        samplesSeen: steps.map((step) => step * 128),
        wallTimes: steps.map(time),
      };
      const series = METRICS.map((metric) => ({ metric, ...columns, values: steps.map(value) }));
      const reports = [{ run, attempt: 1, sequence, series }];
      const { reportMetrics } = await mutate(url, REPORT, { input: { reports } });
      if (reportMetrics.results[0].__typename !== 'ReportAccepted')
        throw new Error(JSON.stringify(reportMetrics.results));
      return METRICS.length * points;
    };
  },
  /** A run with nine axes said, created and ended. */
  runs({ url, client }) {
    let seed = client * 10_000_000;
    return async () => {
      seed++;
      const input = { name: 'bench', dataset: 'noise', seed, axes: AXES };
      const { createRun } = await mutate(url, CREATE, { input });
      if (createRun.__typename !== 'CreateRunSuccess') throw new Error(JSON.stringify(createRun));
      const { attempt, run } = createRun.claim;
      const end = { run: run.id, attempt, sequence: 0, outcome: 'DONE' };
      const { finishRun } = await mutate(url, FINISH, {
        input: { runs: [{ ...end, step: 10, samplesSeen: 100, deviceSeconds: 1 }] },
      });
      if (finishRun.results[0].__typename !== 'RunFinished') throw new Error(JSON.stringify(finishRun));
      return 1;
    };
  },
  /** What somebody's own script does: logs four numbers an epoch with packages/client, and ends the run. */
  async reporter({ url, epochs }) {
    const { createRun } = await import('../../packages/client/dist/reporter/index.js');
    let seed = 1_000_000_000;
    return async () => {
      const run = await createRun({ url, name: 'naive', dataset: 'noise', seed: seed++, axes: AXES });
      for (let epoch = 1; epoch <= epochs; epoch++) {
        run.log({
          step: epoch * 390,
          epoch,
          train_loss: value(epoch),
          train_accuracy: value(epoch),
          test_loss: value(epoch),
          test_accuracy: value(epoch),
        });
        // A training does something between two epochs; timers and the network have their turn.
        if (epoch % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await run.finish();
      return epochs * 4;
    };
  },
};

const AXES = {
  model: 'resnet8',
  batchSize: 32,
  baseLearningRate: 2 ** -8,
  batchNorm: true,
  momentum: 0.9,
  weightDecay: 1e-4,
  augmentation: true,
  warmUp: false,
  epochs: 82,
};
