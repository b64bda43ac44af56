// The shape of every error answer: RFC 9457 application/problem+json with a stable `code`.
import { z } from 'zod'

export const ProblemSchema = z
  .object({
    type: z.literal('about:blank'),
    title: z.string().describe('What the status means'),
    status: z.int(),
    code: z.string().describe('Stable; for programs'),
    detail: z.string().describe('What is wrong and what to do; for people'),
    errors: z
      .array(
        z.object({
          in: z.enum(['body', 'query', 'path', 'headers']),
          field: z.string().describe('Empty when the whole body or query is wrong'),
          message: z.string(),
        }),
      )
      .optional()
      .describe('Every field that is wrong'),
    checks: z
      .record(z.string(), z.string())
      .optional()
      .describe('GET /readyz: what is reachable and what is not'),
  })
  .meta({ id: 'Problem' })

export type Problem = z.output<typeof ProblemSchema>

const problem = {
  description: 'What went wrong, and what to do',
  content: { 'application/problem+json': { schema: ProblemSchema } },
}

/** The error answers of every route, for its schema. */
export const PROBLEMS = { '4xx': problem, '5xx': problem }
