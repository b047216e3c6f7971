import { Button } from '@mantine/core';
import { count } from '../shell/format';
import type { Fresh } from './fresh';

/** Says that the list is older than what is there, and brings it up to date when asked: rows never jump by themselves. */
export function FreshLine({ fresh: { arrived, changed }, onShow }: { fresh: Fresh; onShow: () => void }) {
  const said = [
    ...(arrived > 0 ? [`${count(arrived)} new ${arrived === 1 ? 'run' : 'runs'}`] : []),
    ...(changed > 0 ? [`${count(changed)} more match`] : []),
    ...(changed < 0 ? [`${count(-changed)} no longer match`] : []),
  ];
  return (
    <span role="status">
      {said.length > 0 ? (
        <Button size="compact-sm" variant="light" ml="sm" onClick={onShow}>
          {said.join(', ')}: show
        </Button>
      ) : null}
    </span>
  );
}
