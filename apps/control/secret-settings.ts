// What the settings with secrets in them may look like, and which of them contradict each other. No message has
// a value in it.
import { z } from 'zod'
import { parameterProblem } from './database/connection-url.ts'

/** The settings as they stand in the environment. */
export type Given = Readonly<Record<string, string | undefined>>

export const databaseUrl = z
  .url({
    protocol: /^(mysql|mariadb)$/,
    error: 'must look like mysql://user:password@host:3306/database',
  })
  .refine(
    (url) => !URL.canParse(url) || new URL(url).pathname.length > 1,
    'must name a database after the host',
  )
  .superRefine((url, context) => {
    const problem = URL.canParse(url) && isDecodable(url) ? parameterProblem(url) : null
    if (problem !== null) context.addIssue({ code: 'custom', message: problem })
  })
  .refine(isDecodable, 'has an invalid percent escape; write % itself as %25')

/** Commas or, in a secret's file, line ends between its items. */
export const list = z.string().transform((text) =>
  text
    .split(/[,\r\n]/)
    .map((item) => item.trim())
    .filter((item) => item !== ''),
)

/** So many characters that nobody can guess a token, even one that was made up by hand. */
const MIN_TOKEN_LENGTH = 24
/** Problems name a token by its place in the list, because its text is secret. */
export const tokens = list.superRefine((given, context) => {
  for (const [index, token] of given.entries()) {
    const say = (message: string) =>
      context.addIssue({ code: 'custom', message: `token ${index + 1} ${message}` })
    if (!/^[\x21-\x7e]+$/.test(token)) say('has a space, or characters that a header cannot carry')
    else if (token.length < MIN_TOKEN_LENGTH)
      say(`has fewer than ${MIN_TOKEN_LENGTH} characters; make one with: openssl rand -hex 24`)
  }
})

export function wrongMigrationUrl({ DATABASE_URL, MIGRATION_DATABASE_URL }: Given): string[] {
  if (MIGRATION_DATABASE_URL === undefined) return []
  if (DATABASE_URL === undefined) return ['DATABASE_URL: must be set when MIGRATION_DATABASE_URL is set']
  const [one, other] = [DATABASE_URL, MIGRATION_DATABASE_URL].map((url) => URL.parse(url)?.pathname)
  return one === other ? [] : ['MIGRATION_DATABASE_URL: must name the same database as DATABASE_URL']
}

export function wrongTokens({ STREAM_CREATION, ...given }: Given): string[] {
  const [operators, creators] = [list.parse(given.API_TOKENS ?? ''), list.parse(given.CREATE_TOKENS ?? '')]
  if (STREAM_CREATION === 'token' && operators.length + creators.length === 0)
    return [
      'API_TOKENS: must be set (or CREATE_TOKENS) when STREAM_CREATION is token, or nobody can create a stream',
    ]
  return creators.flatMap((token, index) =>
    operators.includes(token)
      ? [`CREATE_TOKENS: token ${index + 1} is also in API_TOKENS, where it may do everything`]
      : [],
  )
}

function isDecodable(url: string): boolean {
  try {
    decodeURIComponent(url)
    return true
  } catch {
    return false
  }
}
