import dynamic from 'next/dynamic';
import type { ComponentType } from 'react';
import type { Question } from '../question/question';
import type { KindProps } from './kind';
import { LinesKind } from './lines-kind';

/** What draws each kind of chart. The first view has lines; the others come when they are asked for. */
export const KINDS: Readonly<Record<Question['chart'], ComponentType<KindProps>>> = {
  lines: LinesKind,
  heat: dynamic(() => import('./heat-kind').then(({ HeatKind }) => HeatKind)),
  pareto: dynamic(() => import('./pareto-kind').then(({ ParetoKind }) => ParetoKind)),
  parallel: dynamic(() => import('./parallel-kind').then(({ ParallelKind }) => ParallelKind)),
  importance: dynamic(() => import('./importance-kind').then(({ ImportanceKind }) => ImportanceKind)),
  seeds: dynamic(() => import('./seeds-kind').then(({ SeedsKind }) => SeedsKind)),
};
