import type { Sql } from './transaction.ts';

interface Table {
  name: string;
  columns: string[];
  constraints: string[];
  indexes: string[];
  triggers: string[];
  policies: string[];
  options: string[] | null;
  grants: string[];
}

const TABLES = `/* dumpTables */
  SELECT c.relname AS name, c.reloptions AS options,
    ARRAY(
      SELECT format('%I %s%s%s', a.attname, format_type(a.atttypid, a.atttypmod),
        CASE WHEN a.attnotnull THEN ' NOT NULL' ELSE '' END,
        coalesce(' DEFAULT ' || pg_get_expr(d.adbin, d.adrelid), ''))
      FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
      WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
    ) AS columns,
    -- PostgreSQL 18 lists NOT NULL as constraints too ('n'); the columns say that already.
    ARRAY(
      SELECT format('CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid)) FROM pg_constraint k
      WHERE k.conrelid = c.oid AND k.contype IN ('p', 'u', 'f', 'c')
      ORDER BY array_position('{p,u,f,c}'::"char"[], k.contype), k.conname
    ) AS constraints,
    ARRAY(
      SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class n ON n.oid = i.indexrelid
      WHERE i.indrelid = c.oid AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.conrelid = c.oid)
      ORDER BY n.relname
    ) AS indexes,
    ARRAY(SELECT pg_get_triggerdef(g.oid) FROM pg_trigger g WHERE g.tgrelid = c.oid AND NOT g.tgisinternal ORDER BY g.tgname) AS triggers,
    CASE WHEN c.relrowsecurity THEN ARRAY[format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', c.relname)] ELSE '{}' END || ARRAY(
      SELECT format('CREATE POLICY %I ON %I%s TO %s USING (%s)%s', p.polname, c.relname,
        CASE p.polcmd WHEN '*' THEN '' WHEN 'r' THEN ' FOR SELECT' WHEN 'a' THEN ' FOR INSERT' WHEN 'w' THEN ' FOR UPDATE' ELSE ' FOR DELETE' END,
        (SELECT string_agg(r.rolname, ', ' ORDER BY r.rolname) FROM pg_roles r WHERE r.oid = ANY (p.polroles)),
        regexp_replace(pg_get_expr(p.polqual, p.polrelid), '\\s+', ' ', 'g'),
        coalesce(' WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')', ''))
      FROM pg_policy p WHERE p.polrelid = c.oid ORDER BY p.polname
    ) AS policies,
    ARRAY(
      SELECT format('GRANT %s ON %I TO %I', string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type), c.relname, r.rolname)
      FROM aclexplode(c.relacl) x JOIN pg_roles r ON r.oid = x.grantee WHERE x.grantee <> c.relowner GROUP BY r.rolname ORDER BY r.rolname
    ) || ARRAY(
      SELECT format('GRANT %s (%I) ON %I TO %I', x.privilege_type, a.attname, c.relname, r.rolname)
      FROM pg_attribute a CROSS JOIN aclexplode(a.attacl) x JOIN pg_roles r ON r.oid = x.grantee
      WHERE a.attrelid = c.oid AND x.grantee <> c.relowner ORDER BY a.attnum, r.rolname, x.privilege_type
    ) AS grants
  FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relname <> '_prisma_migrations'
  ORDER BY c.relname`;

const ENUMS = `/* dumpEnums */
  SELECT format('CREATE TYPE %I AS ENUM (%s);', t.typname, string_agg(quote_literal(e.enumlabel), ', ' ORDER BY e.enumsortorder)) AS text
  FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid WHERE t.typnamespace = 'public'::regnamespace GROUP BY t.typname ORDER BY t.typname`;

const FUNCTIONS = `/* dumpFunctions */
  SELECT pg_get_functiondef(p.oid) || ';' AS text FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace ORDER BY p.proname, p.oid`;

const SEQUENCES = `/* dumpSequences */
  SELECT format('GRANT %s ON SEQUENCE %I TO %I;', string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type), c.relname, r.rolname) AS text
  FROM pg_class c CROSS JOIN aclexplode(c.relacl) x JOIN pg_roles r ON r.oid = x.grantee
  WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'S' AND x.grantee <> c.relowner GROUP BY c.relname, r.rolname ORDER BY 1`;

const DEFAULTS = `/* dumpDefaultGrants */
  SELECT format('ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT %s ON %s TO %I;', string_agg(x.privilege_type, ', ' ORDER BY x.privilege_type),
    CASE d.defaclobjtype WHEN 'r' THEN 'TABLES' WHEN 'S' THEN 'SEQUENCES' ELSE d.defaclobjtype::text END, r.rolname) AS text
  FROM pg_default_acl d CROSS JOIN aclexplode(d.defaclacl) x JOIN pg_roles r ON r.oid = x.grantee
  WHERE d.defaclnamespace = 'public'::regnamespace AND x.grantee <> d.defaclrole GROUP BY d.defaclobjtype, r.rolname ORDER BY 1`;

/** The definitions of views differ in their words between versions of PostgreSQL; what people rest on is the columns. */
const VIEWS = `/* dumpViews */
  SELECT format(E'-- %s\\nVIEW %I.%I (\\n%s\\n);\\n%s', obj_description(c.oid), n.nspname, c.relname,
    (SELECT string_agg(format('  %I %s -- %s', a.attname, format_type(a.atttypid, a.atttypmod), col_description(c.oid, a.attnum)), E'\\n' ORDER BY a.attnum)
      FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped),
    (SELECT string_agg(format('GRANT %s ON %I.%I TO %I;', x.privilege_type, n.nspname, c.relname, r.rolname), E'\\n' ORDER BY r.rolname, x.privilege_type)
      FROM aclexplode(c.relacl) x JOIN pg_roles r ON r.oid = x.grantee WHERE x.grantee <> c.relowner)) AS text
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'analysis' AND c.relkind = 'v' ORDER BY c.relname`;

const HEAD = `-- The database as PostgreSQL sees it after all migrations. Written from its catalogs by "npm run generate" and compared by a
-- test; to read, not to run (the migrations do that).
`;

/** The schema of a migrated database as readable text, the same for the same migrations whatever their order of creation inside. */
export async function dumpSchema(sql: Sql): Promise<string> {
  const texts = async (query: string) =>
    (await sql.query<{ text: string }>(query)).rows.map(({ text }) => text.trim());
  const { rows: tables } = await sql.query<Table>(TABLES);
  const parts = [
    (await texts(ENUMS)).join('\n'),
    ...(await texts(FUNCTIONS)),
    ...tables.map(tableText),
    [...(await texts(SEQUENCES)), ...(await texts(DEFAULTS))].join('\n'),
    ...(await texts(VIEWS)),
  ];
  return `${HEAD}\n${parts.join('\n\n').replaceAll('public.', '')}\n`;
}

function tableText({
  name,
  columns,
  constraints,
  indexes,
  triggers,
  policies,
  options,
  grants,
}: Table): string {
  const body = [...columns, ...constraints].map((line) => `  ${line}`).join(',\n');
  const storage = options?.length ? ` WITH (${[...options].sort().join(', ')})` : '';
  return [
    `CREATE TABLE ${name} (\n${body}\n)${storage};`,
    ...indexes.map((line) => `${line};`),
    ...triggers.map((line) => `${line};`),
    ...policies.map((line) => `${line};`),
    ...grants.map((line) => `${line};`),
  ].join('\n');
}
