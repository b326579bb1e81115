import { readdirSync, readFileSync } from 'node:fs'
import {
  type RouteConfiguration,
  routedClusters,
  validateResource,
  type WorkloadRegistration,
} from '@weft/mesh-protocol'
import { describe, expect, test } from 'vitest'
import { parseAllDocuments, stringify } from 'yaml'
import { scopeOf } from '../../../../packages/control-server/src/translate/client-scope.ts'
import { translateCluster } from '../../../../packages/control-server/src/translate/clusters.ts'
import { assignedInstances, translateEndpoint } from '../../../../packages/control-server/src/translate/endpoints.ts'
import { indexPolicies } from '../../../../packages/control-server/src/translate/policy-index.ts'
import { translateRoutes } from '../../../../packages/control-server/src/translate/routes.ts'
import { compileRouteConfiguration } from '../../../../packages/mesh-client/src/routing/compile-routes.ts'
import { type TestResource, testModel } from '../../../support/test-model.ts'

const FOLDER = new URL('golden/', import.meta.url)

type Document =
  | TestResource
  | {
      readonly kind: 'Workload'
      readonly metadata: { readonly name: string }
      readonly spec: Partial<WorkloadRegistration>
    }
  | {
      readonly kind: 'Client'
      readonly spec: { readonly namespace: string; readonly labels?: Record<string, string>; readonly host: string }
    }

const isClient = (document: Document): document is Extract<Document, { kind: 'Client' }> => document.kind === 'Client'
const isWorkload = (document: Document): document is Extract<Document, { kind: 'Workload' }> =>
  document.kind === 'Workload'

/** Everything that one client is sent for one host. */
function translate(file: string): Record<string, unknown> {
  const documents = parseAllDocuments(readFileSync(new URL(file, FOLDER), 'utf8')).map(
    (each) => each.toJS() as Document,
  )
  const model = testModel()
  for (const document of documents) {
    if (isClient(document)) continue
    if (isWorkload(document)) model.register({ [document.metadata.name]: document.spec })
    else model.put(document as TestResource)
  }
  const { namespace, labels = {}, host } = documents.find(isClient)?.spec ?? { namespace: '', host: '' }
  const policies = indexPolicies(model.current)
  const context = { model: model.current, policies, client: scopeOf({ namespace, labels }, policies.clientLabelKeys) }
  const routes = translateRoutes(context, host)
  if (routes === undefined) return { routes: null }
  const clusters = [...routedClusters(routes)]
    .map((name) => translateCluster(context, name))
    .filter((each) => each !== undefined)
  return {
    routes,
    clusters: clusters.map(({ cluster }) => cluster),
    endpoints: Object.fromEntries(
      clusters.map(({ assignment }) => [
        assignment.name,
        assignedInstances(model.current, assignment).map((instance) => translateEndpoint(instance)),
      ]),
    ),
  }
}

/** What is written down beside each file is what it has to become; `vitest -u` writes it anew: read the difference. */
describe('translation', () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.in.yaml'))
  test.each(files)('%s', async (file) => {
    const golden = new URL(file.replace(/\.in\.yaml$/, '.out.yaml'), FOLDER)
    await expect(stringify(translate(file))).toMatchFileSnapshot(golden.pathname)
  })

  test.each(files)('%s becomes what a receiver takes', (file) => {
    const { routes, clusters } = translate(file) as { routes: object; clusters: object[] }
    for (const resource of [routes, ...clusters]) {
      expect(validateResource({ ...resource, version: '1' })).toMatchObject({ ok: true })
    }
    const compiled = compileRouteConfiguration({ ...(routes as RouteConfiguration), version: '1' })
    expect(compiled.ok ? [] : compiled.error).toEqual([])
  })
})
