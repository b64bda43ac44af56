// Errors with which a file system says that it cannot make a hard link.

/** Another file system, a file of another user, too many links, or no hard links at all. */
export const CANNOT_LINK = ['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP']
