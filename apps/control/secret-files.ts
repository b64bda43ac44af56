// Secrets from files: API_TOKENS_FILE=/run/secrets/tokens stands for API_TOKENS with what is in that file.
import { readFileSync } from 'node:fs'

/** The settings whose values must not be shown, and that other programs must not get. */
export const SECRET_SETTINGS = [
  'DATABASE_URL',
  'MIGRATION_DATABASE_URL',
  'API_TOKENS',
  'CREATE_TOKENS',
  'AWS_SECRET_ACCESS_KEY',
] as const

export interface ReadEnvironment {
  /** With the files' contents under the settings' own names, and without the names that end in _FILE. */
  readonly env: NodeJS.ProcessEnv
  /** One line for each file that cannot be used, beginning with the setting's name. */
  readonly problems: readonly string[]
}

/** Line ends at the end of a file are not part of the secret: every editor writes one. */
export function readSecretFiles(given: NodeJS.ProcessEnv): ReadEnvironment {
  const env = { ...given }
  const problems = SECRET_SETTINGS.flatMap((name) => {
    const file = env[`${name}_FILE`]
    delete env[`${name}_FILE`]
    if (!file) return []
    if (env[name]) return [`${name}_FILE: ${name} is set too; use one or the other`]
    const { text, problem } = readSecret(file)
    env[name] = text
    return problem === null ? [] : [`${name}_FILE: ${problem}`]
  })
  return { env, problems }
}

function readSecret(file: string): { text: string; problem: string | null } {
  try {
    const text = readFileSync(file, 'utf8').replace(/[\r\n]+$/, '')
    return { text, problem: text.trim() === '' ? `${file} is empty` : null }
  } catch (error) {
    return { text: '', problem: `can't be read: ${(error as Error).message}` }
  }
}
