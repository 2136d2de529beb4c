/** The scopes of epochs. A bump of a scope that nobody declared interest in changes nothing but its own number. */
export const BUILT_IN_SCOPES: ReadonlySet<string> = new Set(['global', 'files', 'tsa']);

/** A scope's name as users may write it. */
export const SCOPE_PATTERN = '^[A-Za-z0-9][A-Za-z0-9_.:-]{0,63}$';
