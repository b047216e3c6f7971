import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readSweepFile } from '../../../apps/cli/src/sweep-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'smallbatch-file-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(content: string | Uint8Array, name = 'sweep.yaml'): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}
const problem = (path: (string | number)[], message = 'invalid value') => ({
  path,
  message,
  allowed: 'something else',
});

test('YAML and JSON are read to the same definition', () => {
  const yaml = file(
    'name: a\naxes:\n  batchSize: [2, 4]\n  lr: { powersOfTwo: [-3, 0] }\nfixed: { weightDecay: 1e-4 }\n',
  );
  const json = file(
    '{"name":"a","axes":{"batchSize":[2,4],"lr":{"powersOfTwo":[-3,0]}},"fixed":{"weightDecay":0.0001}}',
    'a.json',
  );
  expect(readSweepFile(yaml).definition).toEqual(readSweepFile(json).definition);
});

test('a problem is placed at line and column: the value, an unknown key itself, or the nearest thing above what is missing', () => {
  const path = file('name: a\naxes:\n  batchSize: [2, 0, 4]\n  batchsize:\n    - 1\nfixed:\n  epochs: -3\n');
  const text = readSweepFile(path).explain([
    problem(['axes', 'batchSize', '1']),
    problem(['axes', 'batchsize'], 'unknown axis "batchsize"'),
    problem(['fixed', 'epochs']),
    problem(['fixed', 'momentum']),
    problem(['dataset'], 'missing dataset'),
    problem(['axes']),
    { ...problem(['fixed', 'epochs'], 'invalid epochs'), value: -3 },
  ]);
  expect(
    text
      .split('\n')
      .filter((line) => !line.startsWith('    '))
      .map((line) => line.slice(path.length)),
  ).toEqual([
    ':3:18: invalid value',
    ':4:3: unknown axis "batchsize"',
    ':7:11: invalid value',
    ':6:1: invalid value',
    ':1:1: missing dataset',
    ':2:1: invalid value',
    ':7:11: invalid epochs (-3)',
  ]);
  expect(text).toContain('\n    allowed: something else');
});

test.each([
  ['name: [', /sweep\.yaml:1:\d+: /],
  ['name: a\nname: b\n', /sweep\.yaml:2:1: Map keys must be unique/],
  ['axes: { batchSize: [2, .nan] }', /sweep\.yaml:1:24: invalid number \.nan/],
  ['axes: { lr: [-.inf] }', /sweep\.yaml:1:14: invalid number -\.inf/],
  ['', /is empty/],
  ['- a\n- b\n', /is not a mapping/],
  ['just text', /is not a mapping/],
  [new Uint8Array([0xff, 0xfe, 0x00]), /is not UTF-8 text/],
  [`# ${'x'.repeat(1_000_000)}`, /has 1000002 bytes, at most 900000 are allowed/],
  [
    'a: &a [x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]\ne: [*d,*d,*d,*d,*d,*d,*d,*d]',
    /alias/i,
  ],
])('what cannot be a sweep file is refused in words (%#)', (content, message) => {
  expect(() => readSweepFile(file(content))).toThrow(message);
});

test('a file that is not there, and a folder, are wrong use', () => {
  expect(() => readSweepFile(join(folder, 'nope.yaml'))).toThrow(
    /missing sweep file: there is no .*nope\.yaml/,
  );
  expect(() => readSweepFile(folder)).toThrow(/is a folder/);
});
