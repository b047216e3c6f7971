export interface Left {
  pid: number;
  command: string;
}
export function startedWith(name: string, value: string): Left[];
export function leftovers(name: string, value: string, patience: number): Promise<Left[]>;
