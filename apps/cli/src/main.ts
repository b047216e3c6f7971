import { Command, CommanderError } from 'commander';
import { accuracyCommand } from './commands/accuracy.ts';
import { auditCommand } from './commands/audit.ts';
import { backupCommand } from './commands/backup.ts';
import { compareCommand } from './commands/compare.ts';
import { datasetCommand } from './commands/dataset.ts';
import { doctorCommand } from './commands/doctor.ts';
import { engineCommand } from './commands/engine.ts';
import { exportCommand } from './commands/export.ts';
import { memberCommand } from './commands/member.ts';
import { restoreCommand } from './commands/restore.ts';
import { runsCommand } from './commands/runs.ts';
import { sweepCommand } from './commands/sweep.ts';
import { tokenCommand } from './commands/token.ts';
import { upCommand } from './commands/up.ts';
import { workerCommand } from './commands/worker.ts';
import { sayFailure } from './failure.ts';

/** Exit codes: 0 done, 1 failed, 2 wrong use. */
async function main(argv: string[]): Promise<number> {
  const program = new Command('smallbatch')
    .description('Batch-size sweeps, many runs side by side, every result in PostgreSQL.')
    .showHelpAfterError('(add --help for what there is)')
    .enablePositionalOptions();
  const commands = [
    upCommand,
    doctorCommand,
    sweepCommand,
    workerCommand,
    runsCommand,
    accuracyCommand,
    compareCommand,
    exportCommand,
    datasetCommand,
    tokenCommand,
    memberCommand,
    auditCommand,
    engineCommand,
    backupCommand,
    restoreCommand,
  ];
  for (const command of commands) program.addCommand(command());
  eachCommand(program, (command) => command.exitOverride());
  try {
    await program.parseAsync(argv);
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    return sayFailure(error);
  }
}

function eachCommand(command: Command, visit: (command: Command) => void): void {
  visit(command);
  for (const inner of command.commands) eachCommand(inner, visit);
}

// A reader that closes early (`smallbatch runs list | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

process.exitCode = await main(process.argv);
