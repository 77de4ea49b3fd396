/** A mistake of the user's: the message says where, what was given and what was expected; shown without a stack trace. */
export class UserError extends Error {}
