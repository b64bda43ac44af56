// A list of names with their values, such as the figures of an incoming stream.

export interface StatsProps {
  readonly stats: readonly (readonly [name: string, value: string])[]
}

export function Stats({ stats }: StatsProps) {
  return (
    <dl class="stats">
      {stats.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
