// A process that restores a backup and is killed, as by kill -9, while the table TABLE is being loaded.
import { restoreBackup } from '@smallbatch/db';

const [url, path, table] = process.argv.slice(2);
await restoreBackup(url!, path!, {
  onProgress: (progress) => {
    if (progress.step === 'restore' && progress.table === table) process.kill(process.pid, 'SIGKILL');
  },
});
