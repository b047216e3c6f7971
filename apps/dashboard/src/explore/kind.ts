import type { Question } from '../question/question';

/** What every kind of chart gets: the question. It asks the API itself, draws panels, says the counts and shows its exact question. */
export interface KindProps {
  readonly question: Question;
}
