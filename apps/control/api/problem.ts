// The shape of every error response: RFC 9457 application/problem+json with a stable `code`.
import { z } from 'zod'

export const ProblemSchema = z
  .object({
    type: z.literal('about:blank'),
    title: z.string().describe('The standard name of the HTTP status'),
    status: z.int(),
    code: z.string().describe('A stable code for programs'),
    detail: z.string().describe('What is wrong and what to do about it, for people'),
    errors: z
      .array(
        z.object({
          in: z.enum(['body', 'query', 'path', 'headers']),
          field: z.string().describe('Path of the field; empty when the body or query as a whole is wrong'),
          message: z.string(),
        }),
      )
      .optional()
      .describe('Every invalid field'),
    checks: z
      .record(z.string(), z.string())
      .optional()
      .describe('In GET /readyz: `ok` or `unreachable` for each dependency'),
  })
  .meta({ id: 'Problem' })

export type Problem = z.output<typeof ProblemSchema>

const problem = {
  description: 'An error; `code` is stable',
  content: { 'application/problem+json': { schema: ProblemSchema } },
}

/** The error responses of every route, for its schema. */
export const PROBLEMS = { '4xx': problem, '5xx': problem }
