// The requests that only operators may send.
import { request } from './request.ts'
import { type OnAir, OnAirListShape } from './shapes.ts'

/** All streams that are on air. @param token an API token. @throws ApiError */
export async function listOnAir(token: string, signal?: AbortSignal): Promise<readonly OnAir[]> {
  const options = signal === undefined ? {} : { signal }
  return (await request(OnAirListShape, '/v1/ingest', { bearer: token, ...options })).data
}
