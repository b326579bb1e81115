/** One match with the rule that it leads to: what competes for a request. */
export interface Candidate<Route, Rule, Match> {
  readonly route: Route
  readonly rule: Rule
  readonly ruleIndex: number
  readonly match: Match
  readonly matchIndex: number
}

/** What the order of some kind of routes depends on. */
export interface Ranking<Route, Rule, Match> {
  readonly rulesOf: (route: Route) => readonly Rule[]
  /** At least one; a rule without matches has one that takes everything. */
  readonly matchesOf: (rule: Rule) => readonly Match[]
  /** Larger goes first, from left to right; as many numbers for each match. */
  readonly rankOf: (match: Match) => readonly number[]
}

/**
 * Every match of the routes in the order in which they are tried, first hit wins. What ranks equal stays in the order of the
 * routes, which come by their age and then by their names, and of the rules within each.
 */
export function candidatesInOrder<Route, Rule, Match>(
  routes: readonly Route[],
  { rulesOf, matchesOf, rankOf }: Ranking<Route, Rule, Match>,
): readonly Candidate<Route, Rule, Match>[] {
  const candidates = routes.flatMap((route) =>
    rulesOf(route).flatMap((rule, ruleIndex) =>
      matchesOf(rule).map((match, matchIndex) => ({ route, rule, ruleIndex, match, matchIndex })),
    ),
  )
  const ranked = candidates.map((candidate) => ({ candidate, rank: rankOf(candidate.match) }))
  return ranked.sort((a, b) => compare(a.rank, b.rank)).map(({ candidate }) => candidate)
}

function compare(a: readonly number[], b: readonly number[]): number {
  for (const [index, value] of a.entries()) {
    const difference = (b[index] ?? 0) - value
    if (difference !== 0) return difference
  }
  return 0
}
