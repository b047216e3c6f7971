import { type ReusedCell, type ReusedFrom, reusedCells, reusedFrom } from '@smallbatch/db';
import { builder, readPart } from '../builder.ts';
import { RunStatusEnum } from '../run/filter.ts';
import { Sweep } from './schema.ts';

const ReusedCellRef = builder.objectRef<ReusedCell>('ReusedCell').implement({
  description: 'A cell that is answered by a run which the sweep did not create.',
  fields: (t) => ({
    position: t.exposeInt('position', { description: 'Of the cell, from 1.' }),
    run: t.exposeString('run', { description: 'Key of the run.' }),
    status: t.expose('status', { type: RunStatusEnum, description: 'Where it stands now.' }),
    diverged: t.exposeBoolean('diverged', { description: 'Whether it diverged.' }),
    member: t.exposeString('member', { description: 'Key of the member whose it is.' }),
  }),
});
const ReusedFromRef = builder.objectRef<ReusedFrom>('ReusedFrom').implement({
  description: 'Reused cells by whose run answers them and where it stands.',
  fields: (t) => ({
    member: t.exposeString('member', { description: 'Key of the member.' }),
    status: t.expose('status', { type: RunStatusEnum, description: 'Where the runs stand now.' }),
    cells: t.exposeInt('cells', { description: 'How many cells.' }),
  }),
});

const MOST = 1000;
builder.prismaObjectFields(Sweep, (t) => ({
  reusedFrom: t.field({
    type: [ReusedFromRef],
    description:
      'Whose runs answer cells of it that it did not create runs for: finished, running or waiting ones.',
    select: { id: true, teamId: true },
    resolve: ({ id, teamId }, _args, { db }) => reusedFrom(db, teamId, id),
  }),
  reusedCells: t.field({
    type: [ReusedCellRef],
    description: 'Those cells, a part at a time.',
    args: {
      first: t.arg.int({ defaultValue: 100, description: `How many, at most ${MOST}.` }),
      skip: t.arg.int({ defaultValue: 0, description: 'How many to leave out before.' }),
    },
    select: { id: true, teamId: true },
    resolve: ({ id, teamId }, part, { db }) =>
      reusedCells(db, teamId, id, readPart(part, { usual: 100, most: MOST })),
  }),
}));
