/**
 * Splits a whole number in the proportion of the shares into whole numbers that sum to it (largest remainder, Hamilton);
 * each is less than 1 away from its exact part. Shares are 0 or more and not all 0. Among equal remainders the first wins.
 */
export function apportion(total: number, shares: readonly number[]): number[] {
  const sum = shares.reduce((all, share) => all + share, 0)
  const exact = shares.map((share) => (total * share) / sum)
  const whole = exact.map(Math.floor)
  const left = total - whole.reduce((all, part) => all + part, 0)
  const byRemainder = exact
    .map((part, index) => ({ index, remainder: part - (whole[index] as number) }))
    .sort((a, b) => b.remainder - a.remainder || a.index - b.index)
  const raised = new Set(byRemainder.slice(0, left).map(({ index }) => index))
  return whole.map((part, index) => part + (raised.has(index) ? 1 : 0))
}
