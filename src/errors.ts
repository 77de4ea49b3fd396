/** A mistake of the user's: the message says where, what was given and what was expected; shown without a stack trace. */
export class UserError extends Error {}

/** Runs `read`; a mistake that it finds is told with the place: `WHERE: MESSAGE`. */
export function located<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw error instanceof UserError ? new UserError(`${where}: ${error.message}`) : error;
  }
}
