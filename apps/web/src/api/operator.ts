// The requests that only operators may send.
import { request } from './request.ts'
import { type Attempt, AttemptListShape, type OnAir, OnAirListShape } from './shapes.ts'

const ATTEMPTS = 50

/** All streams that are on air. @param token an API token. @throws ApiError */
export async function listOnAir(token: string, signal?: AbortSignal): Promise<readonly OnAir[]> {
  const options = signal === undefined ? {} : { signal }
  return (await request(OnAirListShape, '/v1/ingest', { bearer: token, ...options })).data
}

/** The newest tries to publish, newest first. @param token an API token. @throws ApiError */
export async function listAttempts(token: string, signal: AbortSignal): Promise<readonly Attempt[]> {
  return (await request(AttemptListShape, `/v1/attempts?limit=${ATTEMPTS}`, { bearer: token, signal })).data
}
