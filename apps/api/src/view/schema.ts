import { changeView, deleteView, MOST_VIEWS, saveView, ViewPage } from '@smallbatch/db';
import {
  builder,
  InvalidInput,
  invalidInput,
  isOutcome,
  NotFound,
  notFound,
  type Outcome,
  outcome,
  resolveType,
} from '../builder.ts';
import { onlyOf, type Viewer } from '../can.ts';
import { nameProblems, writableKey } from '../run/words.ts';
import { queryProblems } from './view.ts';

/** Most views of one list. */
const MOST = 1000;

const ViewPageEnum = builder.enumType(ViewPage, {
  name: 'ViewPage',
  description: 'A page of the dashboard.',
});
const SavedView = builder.prismaNode('SavedView', {
  id: { field: 'id', description: 'Opaque.' },
  description:
    'A view of the dashboard under a name. Its owner sees and changes it; a shared one is seen by the whole team, and changed by owners and maintainers of the team too.',
  fields: (t) => ({
    key: t.exposeString('key', { description: 'For addresses; it stays when the name changes.' }),
    name: t.exposeString('name', { description: 'Unique among the views of its member.' }),
    page: t.expose('page', { type: ViewPageEnum, description: 'The page that it is of.' }),
    query: t.exposeString('query', {
      description: 'The search string of its address, without "?": the whole view.',
    }),
    shared: t.exposeBoolean('shared', { description: 'Whether the team sees it.' }),
    member: t.relation('member', { description: 'Its owner.' }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was saved first.' }),
    updatedAt: t.expose('updatedAt', { type: 'DateTime', description: 'When it was changed last.' }),
  }),
});

/** What a member sees. */
const seen = ({ teamId, memberId }: Viewer) => ({ teamId, OR: [{ shared: true }, { memberId }] });

builder.queryFields((t) => ({
  savedViews: t.prismaField({
    type: [SavedView],
    description: `One's own views and shared ones, the newest first; the latest ${MOST.toLocaleString('en')} where there are more.`,
    args: { page: t.arg({ type: ViewPageEnum, description: 'Only of this page.' }) },
    resolve: (query, _root, { page }, { db, viewer }) =>
      db.prisma.savedView.findMany({
        ...query,
        where: { ...seen(viewer!), ...(page ? { page } : {}) },
        orderBy: [{ createdAt: 'desc' }, { id: 'desc' }],
        take: MOST,
      }),
  }),
  savedView: t.prismaField({
    type: SavedView,
    nullable: true,
    description: 'The view of a key; null where there is none, or it is not shared and of another member.',
    args: { key: t.arg.string({ required: true }) },
    resolve: (query, _root, { key }, { db, viewer }) =>
      writableKey(key) ? db.prisma.savedView.findFirst({ ...query, where: { ...seen(viewer!), key } }) : null,
  }),
}));

const SaveViewInput = builder.inputType('SaveViewInput', {
  description: 'A view of the dashboard.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'Its name, up to 200 characters.' }),
    page: t.field({ type: ViewPageEnum, required: true, description: 'The page that it is of.' }),
    query: t.string({
      required: true,
      description: 'The search string of its address, without "?", up to 20,000 characters.',
    }),
    shared: t.boolean({ required: true, defaultValue: false, description: 'Whether the team sees it.' }),
    replace: t.boolean({
      required: true,
      defaultValue: false,
      description: 'An own view of this name gives way to it, and keeps its key.',
    }),
  }),
});
const ViewSaved = builder
  .objectRef<Outcome<'ViewSaved', { id: string; replaced: boolean }>>('ViewSaved')
  .implement({
    description: 'It is saved.',
    isTypeOf: isOutcome('ViewSaved'),
    fields: (t) => ({
      view: t.prismaField({
        type: SavedView,
        description: 'The view.',
        resolve: (query, { id }, _a, { db }) =>
          db.prisma.savedView.findUniqueOrThrow({ ...query, where: { id } }),
      }),
      replaced: t.exposeBoolean('replaced', { description: 'Whether it took the place of an own view.' }),
    }),
  });
const ViewNameTaken = builder
  .objectRef<Outcome<'ViewNameTaken', { key: string; name: string }>>('ViewNameTaken')
  .implement({
    description: 'Another view of the same member has this name; nothing was changed.',
    isTypeOf: isOutcome('ViewNameTaken'),
    fields: (t) => ({
      message: t.string({
        description: 'What to do.',
        resolve: ({ name }) =>
          `another view has the name "${name}" already: take another name, or save with replace: true`,
      }),
      key: t.exposeString('key', { description: 'Key of that view.' }),
    }),
  });
const ViewNotYours = builder
  .objectRef<Outcome<'ViewNotYours', { key: string; member: string }>>('ViewNotYours')
  .implement({
    description: "It is another member's view; nothing was changed.",
    isTypeOf: isOutcome('ViewNotYours'),
    fields: (t) => ({
      message: t.string({
        description: 'What to do.',
        resolve: ({ key, member }) =>
          `view "${key}" is ${member}'s: ask them or a maintainer to change it, or save it under a name of your own`,
      }),
      member: t.exposeString('member', { description: 'Key of its owner.' }),
    }),
  });
const ViewDeleted = builder.objectRef<Outcome<'ViewDeleted', { key: string }>>('ViewDeleted').implement({
  description: 'The view is gone.',
  isTypeOf: isOutcome('ViewDeleted'),
  fields: (t) => ({ key: t.exposeString('key', { description: 'The key that it had.' }) }),
});
const SaveViewResult = builder.unionType('SaveViewResult', {
  description: 'What became of saving a view.',
  types: [ViewSaved, ViewNameTaken, InvalidInput],
  resolveType,
});
const ChangeViewResult = builder.unionType('ChangeViewResult', {
  description: 'What became of changing a view.',
  types: [ViewSaved, ViewNameTaken, ViewNotYours, NotFound, InvalidInput],
  resolveType,
});
const DeleteViewResult = builder.unionType('DeleteViewResult', {
  description: 'What became of deleting a view.',
  types: [ViewDeleted, ViewNotYours, NotFound],
  resolveType,
});
const changing = (viewer: Viewer) => ({ ...viewer, others: onlyOf(viewer, 'saveViews') === null });
const unknownView = (key: string) => notFound(`unknown view "${key.slice(0, 80)}"`);

builder.mutationFields((t) => ({
  saveView: t.field({
    type: SaveViewResult,
    description: 'Saves a view of the dashboard under a name.',
    args: { input: t.arg({ type: SaveViewInput, required: true }) },
    resolve: async (_root, { input }, { db, viewer }) => {
      const { teamId, memberId } = viewer!;
      const { name, query } = input;
      const problems = [
        ...nameProblems(['input', 'name'], name),
        ...queryProblems(['input', 'query'], query),
      ];
      if (problems.length > 0) return invalidInput(problems);
      const saved = await saveView(db, { ...input, teamId, memberId });
      if (saved.kind === 'saved') return outcome('ViewSaved', saved);
      if (saved.kind === 'taken') return outcome('ViewNameTaken', { key: saved.key, name });
      return invalidInput([
        {
          path: [],
          value: MOST_VIEWS,
          message: `too many views: you have ${MOST_VIEWS}`,
          allowed: 'fewer: delete some first (deleteView)',
        },
      ]);
    },
  }),
  changeView: t.field({
    type: ChangeViewResult,
    description: 'Changes a view; what is not given stays. Its key and page stay always.',
    args: {
      key: t.arg.string({ required: true, description: 'Key of the view.' }),
      name: t.arg.string({ description: 'Its new name.' }),
      query: t.arg.string({ description: 'Its new search string, without "?".' }),
      shared: t.arg.boolean({ description: 'Whether the team sees it from now on.' }),
    },
    resolve: async (_root, { key, ...given }, { db, viewer }) => {
      const [name, query, shared] = [
        given.name ?? undefined,
        given.query ?? undefined,
        given.shared ?? undefined,
      ];
      const problems = [
        ...(name === undefined ? [] : nameProblems(['name'], name)),
        ...(query === undefined ? [] : queryProblems(['query'], query)),
      ];
      if (problems.length > 0) return invalidInput(problems);
      if (!writableKey(key)) return unknownView(key);
      const changed = await changeView(db, changing(viewer!), key, { name, query, shared });
      if (changed.kind === 'changed') return outcome('ViewSaved', { id: changed.id, replaced: false });
      if (changed.kind === 'taken') return outcome('ViewNameTaken', { key: changed.key, name: name! });
      return changed.kind === 'unknown'
        ? unknownView(key)
        : outcome('ViewNotYours', { key, member: changed.member });
    },
  }),
  deleteView: t.field({
    type: DeleteViewResult,
    description: 'Deletes a view, for good.',
    args: { key: t.arg.string({ required: true, description: 'Key of the view.' }) },
    resolve: async (_root, { key }, { db, viewer }) => {
      if (!writableKey(key)) return unknownView(key);
      const deleted = await deleteView(db, changing(viewer!), key);
      if (deleted.kind === 'deleted') return outcome('ViewDeleted', { key });
      return deleted.kind === 'unknown'
        ? unknownView(key)
        : outcome('ViewNotYours', { key, member: deleted.member });
    },
  }),
}));
