// Opens the database in the folder given and closes it again; says what it was told.
import { openDatabase } from '../../../src/db/open.ts';

const [folder = ''] = process.argv.slice(2);
await (await openDatabase(folder, { tell: console.log })).close();
