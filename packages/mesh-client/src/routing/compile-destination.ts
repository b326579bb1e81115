import type {
  BaggageMark,
  ClusterWeight,
  RequestMirrorPolicy,
  Route,
  RouteAction,
  Violation,
} from '@weft/mesh-protocol'
import { isBaggageKey } from './baggage.ts'
import { compileMutations, type MutationsAt } from './compile-mutations.ts'
import { compileRedirect } from './compile-reply.ts'
import { compilePathRewrite, rewritesPath } from './compile-rewrite.ts'
import type { CompiledDestination } from './route-table.ts'

/** A host with or without a port, as it may stand in a header. */
const AUTHORITY_TEXT = /^[\x21-\x7e]+$/

/** Where the destinations stand in the resource. */
export interface ActionAt {
  readonly route: Route
  readonly action: RouteAction
  readonly field: string
  /** The port that the host is dialled at. */
  readonly port: number
}

/** Everything that is decided about a request once its destination is chosen, the route's part of it included. */
export function compileDestinations(at: ActionAt, violations: Violation[]): readonly CompiledDestination[] {
  checkAuthority(at.action.hostRewrite, `${at.field}.route.hostRewrite`, violations)
  return at.action.clusters.map((_, index) => {
    const found: Violation[] = []
    const destination = compileDestination(at, index, found)
    // What is wrong with the route's own part is reported once, not once a destination.
    const own = `${at.field}.route.clusters[${index}]`
    violations.push(...found.filter(({ field }) => index === 0 || field.startsWith(own)))
    return destination
  })
}

function compileDestination(at: ActionAt, index: number, violations: Violation[]): CompiledDestination {
  const { route, action, field, port } = at
  const destination = action.clusters[index] as ClusterWeight
  const ownField = `${field}.route.clusters[${index}]`
  const ofRoute: MutationsAt = { mutations: route, field }
  const ofDestination: MutationsAt = { mutations: destination, field: ownField }
  const mutations = compileMutations(ofRoute, ofDestination, action.clusters.length === 1, violations)
  const path = route.match.path
  checkAuthority(destination.hostRewrite, `${ownField}.hostRewrite`, violations)
  const rewrite = rewritesPath(action)
    ? { rewrite: action, field: `${field}.route` }
    : { rewrite: destination, field: ownField }
  const { redirect } = destination
  return {
    cluster: destination.cluster,
    weight: destination.weight,
    mutations,
    hostRewrite: action.hostRewrite ?? destination.hostRewrite,
    rewritePath: compilePathRewrite(rewrite, path, violations),
    reply:
      redirect === undefined
        ? undefined
        : compileRedirect(redirect, { path, port, mutations }, `${ownField}.redirect`, violations),
    mirrors: mirrorsOf(action, destination),
    marks: marksOf(at, destination, ownField, violations),
  }
}

function checkAuthority(authority: string | undefined, field: string, violations: Violation[]): void {
  if (authority === undefined || AUTHORITY_TEXT.test(authority)) return
  violations.push({ field, message: 'must hold only visible ASCII characters, and no space or line break' })
}

function mirrorsOf(action: RouteAction, destination: ClusterWeight): readonly RequestMirrorPolicy[] | undefined {
  const all = [...(action.requestMirrorPolicies ?? []), ...(destination.requestMirrorPolicies ?? [])]
  const some = all.filter(({ percent }) => percent > 0)
  return some.length === 0 ? undefined : some
}

/** Of two marks with one key the destination's counts, because it says the more. */
function marksOf(
  { action, field }: ActionAt,
  { mark: own }: ClusterWeight,
  ownField: string,
  violations: Violation[],
): readonly BaggageMark[] | undefined {
  checkMark(own, `${ownField}.mark`, violations)
  checkMark(action.mark, `${field}.route.mark`, violations)
  const ofRoute = action.mark?.key === own?.key ? undefined : action.mark
  const marks = [own, ofRoute].filter((mark) => mark !== undefined)
  return marks.length === 0 ? undefined : marks
}

function checkMark(mark: BaggageMark | undefined, field: string, violations: Violation[]): void {
  if (mark === undefined) return
  if (!isBaggageKey(mark.key)) {
    const message = "must be a key of the baggage header: letters, digits and !#$%&'*+-.^_`|~"
    violations.push({ field: `${field}.key`, message })
  }
  if (/\p{Surrogate}/u.test(mark.value)) violations.push({ field: `${field}.value`, message: 'must be Unicode text' })
}
