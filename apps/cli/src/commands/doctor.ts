import { existsSync, statfsSync } from 'node:fs';
import { availableParallelism, cpus, freemem, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { graphql } from '@smallbatch/client';
import { TRAINER_VERSION } from '@smallbatch/program';
import { engineReport, listDatasets } from '@smallbatch/trainer';
import { Command } from 'commander';
import { apiUrl, connect, explainApiError } from '../api.ts';
import { homeOf } from '../home.ts';
import type { Column } from '../output/columns.ts';
import { note, print } from '../output/print.ts';
import { plain } from '../output/screen.ts';
import { type ReadOptions, withFormat } from './options.ts';

const Info = graphql(
  `query Doctor { serverInfo { version trainerVersion time } viewer { team { key } member { key } scopes } }`,
);

/** `wrong` needs doing something about; `note` is worth knowing; `good` is as it should be. */
interface Finding {
  what: string;
  state: 'good' | 'note' | 'wrong';
  message: string;
}

const columns: Column<Finding>[] = [
  { name: 'what', value: ({ what }) => what },
  { name: 'state', value: ({ state }) => state },
  { name: 'message', value: ({ message }) => message },
];

export function doctorCommand(): Command {
  return withFormat(new Command('doctor').description('What this machine has, and what is wrong with it.'))
    .option('--home <dir>', 'state of Smallbatch (default: SMALLBATCH_HOME, else .smallbatch)')
    .action(doctor);
}

async function doctor(options: ReadOptions & { home?: string }): Promise<void> {
  const home = homeOf(options.home);
  const findings = [
    machine(),
    memory(),
    disk(home),
    ...(await engines()),
    await datasets(home),
    ...(await api(options.url)),
  ];
  print(columns, findings, options.format);
  const wrong = findings.filter(({ state }) => state === 'wrong');
  if (wrong.length > 0) {
    note(`wrong: ${wrong.map(({ what }) => what).join(', ')}`);
    process.exitCode = 1;
  }
}

function machine(): Finding {
  const [cpu] = cpus();
  return {
    what: 'machine',
    state: 'good',
    message: `Node ${process.versions.node}, ${process.platform} ${process.arch}, ${availableParallelism()} cores (${cpu?.model.trim() || 'unknown'})`,
  };
}

function memory(): Finding {
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
  const state = freemem() < 0.5e9 ? 'note' : 'good';
  return { what: 'memory', state, message: `${gigabytes(freemem())} free of ${gigabytes(totalmem())}` };
}

function disk(home: string): Finding {
  let folder = home;
  while (!existsSync(folder)) folder = dirname(folder);
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const message = `${(free / 1e9).toFixed(1)} GB free for ${home}`;
  return { what: 'disk', state: free < 1e9 ? 'wrong' : 'good', message };
}

async function engines(): Promise<Finding[]> {
  const report = await engineReport();
  const some = report.some(({ usable }) => usable);
  return report.map(({ engine, device, usable, message }) => ({
    what: `engine ${engine} on ${device}`,
    state: usable ? 'good' : some ? 'note' : 'wrong',
    message,
  }));
}

async function datasets(home: string): Promise<Finding> {
  const names = (await listDatasets(home)).map(({ name }) => name);
  const message =
    names.length > 0
      ? `here: ${names.map(plain).join(', ')}`
      : 'none here yet ("smallbatch up" makes the built-in ones)';
  return { what: 'data sets', state: names.length > 0 ? 'good' : 'note', message };
}

async function api(given?: string): Promise<Finding[]> {
  const url = apiUrl(given);
  try {
    const { serverInfo, viewer } = await connect({ url }).query(Info, {});
    const findings: Finding[] = [
      {
        what: 'API',
        state: 'good',
        message: `${url}, version ${serverInfo.version}, as ${viewer.member.key} of team ${viewer.team.key}`,
      },
    ];
    if (serverInfo.trainerVersion !== TRAINER_VERSION) {
      findings.push({
        what: 'trainer',
        state: 'wrong',
        message: `the API wants trainer ${serverInfo.trainerVersion}, this is ${TRAINER_VERSION}: use the same version on both`,
      });
    }
    const apart = Math.abs(Date.parse(serverInfo.time) - Date.now()) / 1000;
    if (apart > 60)
      findings.push({
        what: 'clock',
        state: 'note',
        message: `${Math.round(apart)} s apart from the API's: times of points will be too`,
      });
    return findings;
  } catch (error) {
    const message = explainApiError(error);
    if (message === undefined) throw error;
    return [{ what: 'API', state: 'note', message: message.replaceAll('\n', ' ') }];
  }
}
