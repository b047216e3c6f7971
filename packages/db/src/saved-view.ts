import type { ViewPage } from './generated/prisma/enums.ts';
import type { Db } from './open.ts';
import { slug } from './sweep.ts';
import type { Identity } from './team.ts';
import { transaction } from './transaction.ts';
import { uuidv7 } from './uuid.ts';

/** Most views of one member. */
export const MOST_VIEWS = 500;

export interface NewView extends Identity {
  readonly name: string;
  readonly page: ViewPage;
  readonly query: string;
  readonly shared: boolean;
  /** An own view of this name gives way. */
  readonly replace: boolean;
}
export type ViewSaved =
  | { readonly kind: 'saved'; readonly id: string; readonly replaced: boolean }
  /** An own view has this name. */
  | { readonly kind: 'taken'; readonly key: string }
  | { readonly kind: 'tooMany' };

/** Saves a view under a name; a replaced one keeps its key. */
export function saveView(db: Db, view: NewView): Promise<ViewSaved> {
  const { teamId, memberId, name, page, query, shared, replace } = view;
  return transaction(db, async (sql): Promise<ViewSaved> => {
    // Views of one member follow each other, so that they can be counted.
    await sql.query('/* saveView lock */ SELECT FROM member WHERE id = $1 FOR NO KEY UPDATE', [memberId]);
    const { rows } = await sql.query(
      `/* saveView known */ SELECT (SELECT count(*)::int FROM saved_view WHERE member_id = $1) AS count, id, key
       FROM (SELECT) AS one LEFT JOIN saved_view ON member_id = $1 AND name = $2`,
      [memberId, name],
    );
    const [known] = rows;
    if (known.id && !replace) return { kind: 'taken', key: known.key };
    if (known.id) {
      await sql.query(
        '/* saveView replace */ UPDATE saved_view SET page = $2::"ViewPage", query = $3, shared = $4, updated_at = now() WHERE id = $1',
        [known.id, page, query, shared],
      );
      return { kind: 'saved', id: known.id, replaced: true };
    }
    if (known.count >= MOST_VIEWS) return { kind: 'tooMany' };
    const id = uuidv7();
    await sql.query(
      `/* saveView */ INSERT INTO saved_view (id, team_id, member_id, key, name, page, query, shared)
       VALUES ($1, $2, $3, $4 || '-' || nextval('saved_view_number'), $5, $6::"ViewPage", $7, $8)`,
      [id, teamId, memberId, slug(name, 'view'), name, page, query, shared],
    );
    return { kind: 'saved', id, replaced: false };
  });
}

/** Of a view that may be changed; what is not given stays. */
export interface ViewChange {
  readonly name?: string | undefined;
  readonly query?: string | undefined;
  readonly shared?: boolean | undefined;
}
export type ViewChanged =
  | { readonly kind: 'changed'; readonly id: string }
  | { readonly kind: 'taken'; readonly key: string }
  /** It is another's, of this member. */
  | { readonly kind: 'notYours'; readonly member: string }
  | { readonly kind: 'unknown' };

/** Who changes a view, and whether that reaches others' shared ones. */
interface Changing extends Identity {
  readonly others: boolean;
}
/** Finds a view that a member sees, and whether it may be changed. */
const MINE = `SELECT v.id, v.member_id, m.key AS member, v.member_id = $2 OR $4 AS mine
  FROM saved_view v JOIN member m ON m.id = v.member_id
  WHERE v.team_id = $1 AND v.key = $3 AND (v.shared OR v.member_id = $2) FOR UPDATE OF v`;

export function changeView(
  db: Db,
  { teamId, memberId, others }: Changing,
  key: string,
  change: ViewChange,
): Promise<ViewChanged> {
  return transaction(db, async (sql): Promise<ViewChanged> => {
    const found = await sql.query(`/* changeView find */ ${MINE}`, [teamId, memberId, key, others]);
    const [view] = found.rows;
    if (!view) return { kind: 'unknown' };
    if (!view.mine) return { kind: 'notYours', member: view.member };
    if (change.name !== undefined) {
      const other = await sql.query(
        '/* changeView name */ SELECT key FROM saved_view WHERE member_id = $1 AND name = $2 AND id <> $3',
        [view.member_id, change.name, view.id],
      );
      if (other.rows[0]) return { kind: 'taken', key: other.rows[0].key };
    }
    await sql.query(
      `/* changeView */ UPDATE saved_view SET name = coalesce($2, name), query = coalesce($3, query), shared = coalesce($4, shared), updated_at = now() WHERE id = $1`,
      [view.id, change.name ?? null, change.query ?? null, change.shared ?? null],
    );
    return { kind: 'changed', id: view.id };
  });
}

export type ViewDeleted = Exclude<ViewChanged, { kind: 'changed' | 'taken' }> | { readonly kind: 'deleted' };

export function deleteView(
  db: Db,
  { teamId, memberId, others }: Changing,
  key: string,
): Promise<ViewDeleted> {
  return transaction(db, async (sql): Promise<ViewDeleted> => {
    const found = await sql.query(`/* deleteView find */ ${MINE}`, [teamId, memberId, key, others]);
    const [view] = found.rows;
    if (!view) return { kind: 'unknown' };
    if (!view.mine) return { kind: 'notYours', member: view.member };
    await sql.query('/* deleteView */ DELETE FROM saved_view WHERE id = $1', [view.id]);
    return { kind: 'deleted' };
  });
}
