'use client';

import { Anchor, Button, CopyButton, Group, Popover, Stack, Text } from '@mantine/core';
import Link from 'next/link';
import { usePathname, useSearchParams } from 'next/navigation';
import { type ReactNode, useEffect, useMemo, useState } from 'react';
import { ReadsOnly, useViewer } from '../session/viewer';
import { type Command, useCommands } from '../shell/commands';
import { Icon } from '../shell/icon';
import { tell, warn } from '../shell/notice';
import { NameForm } from './name-form';
import { useViews } from './use-views';
import { hrefOf, queryOf, sameView, type View, type ViewPage } from './view';

/** Key of the view that was opened last on each page: what is changed since is still called by it. */
const opened = new Map<ViewPage, string>();

/** Which saved view this is, and all that can be done with saved views of the page. */
export function ViewBar({ page }: { page: ViewPage }) {
  const { mayWrite, role } = useViewer();
  const { views, me, problem, save, change, remove } = useViews();
  const query = queryOf(page, usePathname(), useSearchParams().toString());
  const [menu, setMenu] = useState(false);
  const [form, setForm] = useState<'save' | 'rename'>();
  const here = views.filter((view) => view.page === page);
  const exact =
    here.find((view) => view.key === opened.get(page) && sameView(view.query, query)) ??
    here.find((view) => sameView(view.query, query));
  const before = here.find(({ key }) => key === opened.get(page));
  const view = exact ?? before;
  // Another's is changed by who looks after the team alone.
  const mine = view?.member.key === me || role === 'OWNER' || role === 'MAINTAINER';
  useEffect(() => {
    if (exact) opened.set(page, exact.key);
  }, [exact, page]);
  useCommands(
    useMemo(
      (): Command[] => [
        ...(mayWrite
          ? [
              {
                id: 'save view',
                name: 'Save this view',
                group: 'Saved views',
                run: () => {
                  setForm('save');
                  setMenu(true);
                },
              },
            ]
          : []),
        {
          id: 'saved views',
          name: 'Saved views',
          group: 'Saved views',
          keys: 'g v',
          run: () => setMenu(true),
        },
      ],
      [mayWrite],
    ),
  );
  const act = async (what: Promise<string | undefined>, said: string, undo?: () => void): Promise<void> => {
    const why = await what;
    if (why !== undefined) warn(why);
    else tell(said, undo && { name: 'Undo', run: undo });
  };
  const name = view ? `${view.name}${exact ? '' : ', changed'}` : 'Saved views';
  return (
    <Group gap="xs">
      <Popover
        opened={menu}
        onChange={(open) => {
          setMenu(open);
          if (!open) setForm(undefined);
        }}
        position="bottom-end"
        trapFocus
        withinPortal
        width={340}
      >
        <Popover.Target>
          <Button
            variant="default"
            size="compact-md"
            aria-label={view ? `View: ${name}` : name}
            aria-expanded={menu}
            onClick={() => setMenu(!menu)}
          >
            {name}&nbsp;
            <Icon sign="open" />
          </Button>
        </Popover.Target>
        <Popover.Dropdown mah="70vh" style={{ overflowY: 'auto' }}>
          <Stack gap="xs">
            {problem ? (
              <Text c="red" role="alert">
                {problem}
              </Text>
            ) : null}
            {form ? (
              <NameForm
                label={form === 'save' ? 'Save this view as' : 'New name'}
                before={form === 'rename' ? (view?.name ?? '') : ''}
                onCancel={() => setForm(undefined)}
                onName={async (name) => {
                  const why =
                    form === 'save' ? await save(page, name, query) : await change(view!.key, { name });
                  if (why !== undefined) return why;
                  if (form === 'save') opened.delete(page);
                  setForm(undefined);
                  setMenu(false);
                  tell(form === 'save' ? `The view ${name} is saved.` : `The view is called ${name} now.`);
                  return undefined;
                }}
              />
            ) : !mayWrite ? (
              <ReadsOnly what="save and share views" />
            ) : (
              <Group gap="xs">
                {view && mine && !exact ? (
                  <Tool
                    onClick={() =>
                      void act(
                        change(view.key, { query }),
                        `${view.name} is this view now.`,
                        () => void change(view.key, { query: view.query }),
                      )
                    }
                  >
                    Save
                  </Tool>
                ) : null}
                <Tool onClick={() => setForm('save')}>Save as …</Tool>
                {view && mine ? (
                  <>
                    <Tool onClick={() => setForm('rename')}>Rename …</Tool>
                    <Tool
                      onClick={() =>
                        void act(
                          change(view.key, { shared: !view.shared }),
                          view.shared
                            ? `${view.name} is yours alone now.`
                            : `The team sees ${view.name} now.`,
                        )
                      }
                    >
                      {view.shared ? 'Do not share' : 'Share with the team'}
                    </Tool>
                    <Tool
                      onClick={() =>
                        void act(
                          remove(view.key),
                          `The view ${view.name} is deleted.`,
                          () => void save(view.page, view.name, view.query, view.shared),
                        )
                      }
                    >
                      Delete
                    </Tool>
                  </>
                ) : null}
              </Group>
            )}
            <ViewList label="Mine" views={here.filter(({ member }) => member.key === me)} now={view} />
            <ViewList
              label="The team's"
              views={here.filter(({ member }) => member.key !== me)}
              now={view}
              owners
            />
          </Stack>
        </Popover.Dropdown>
      </Popover>
      <CopyButton
        value={typeof window === 'undefined' ? '' : `${window.location.origin}${hrefOf({ page, query })}`}
      >
        {({ copied, copy }) => (
          <Button variant="default" size="compact-md" onClick={copy}>
            {copied ? 'Copied' : 'Copy link'}
          </Button>
        )}
      </CopyButton>
    </Group>
  );
}

function Tool({ onClick, children }: { onClick: () => void; children: ReactNode }) {
  return (
    <Button size="compact-sm" variant="default" onClick={onClick}>
      {children}
    </Button>
  );
}

function ViewList({
  label,
  views,
  now,
  owners = false,
}: {
  label: string;
  views: readonly View[];
  now: View | undefined;
  owners?: boolean;
}) {
  if (views.length === 0) return null;
  return (
    <nav aria-label={label}>
      <Text size="sm" fw={600}>
        {label}
      </Text>
      {views.map((view) => (
        <div key={view.key}>
          <Anchor
            component={Link}
            href={hrefOf(view)}
            size="sm"
            aria-current={view.key === now?.key ? 'page' : undefined}
            onClick={() => opened.set(view.page, view.key)}
          >
            {view.name}
          </Anchor>
          {owners ? (
            <Text span size="sm">
              , of {view.member.name}
            </Text>
          ) : view.shared ? (
            <Text span size="sm">
              , shared
            </Text>
          ) : null}
        </div>
      ))}
    </nav>
  );
}
