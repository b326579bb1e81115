import { type Case, virtualService } from './cases.ts'

const matches = (count: number): string =>
  `[${Array.from({ length: count }, (_, index) => `{ uri: { exact: /${index} } }`).join(', ')}]`

const large = (count: number): string =>
  virtualService('c', `  http: [{ match: ${matches(count)}, route: [{ destination: { host: reviews } }] }]`)

const delegating = virtualService(
  'a',
  `  hosts: [reviews]\n  http:\n    - delegate: { name: c }\n    - match: ${matches(200)}\n      delegate: { name: c }`,
)

/** Of delegates: resources, and what is said of them. */
export const DELEGATE_CASES: readonly Case[] = [
  {
    name: 'a delegate that is not there, and one that is',
    code: 'WEFT0204',
    yaml:
      virtualService(
        'a',
        '  hosts: [reviews]\n  http:\n    - delegate: { name: b, namespace: other }\n    - delegate: { name: c }',
      ) + virtualService('c', '  http: [{ route: [{ destination: { host: reviews } }] }]'),
    expected: ['VirtualService/a spec.http[0].delegate:7'],
  },
  {
    name: 'a delegate that is kept to its own namespace',
    code: 'WEFT0204',
    yaml:
      virtualService('a', '  hosts: [reviews]\n  http: [{ delegate: { name: b, namespace: other } }]') +
      virtualService('b', '  exportTo: [.]\n  http: [{ route: [{ destination: { host: reviews } }] }]', 'other'),
    expected: ['VirtualService/a spec.http[0].delegate:6'],
  },
  {
    name: 'a circle of delegates',
    code: 'WEFT0205',
    yaml:
      virtualService('a', '  hosts: [reviews]\n  http: [{ delegate: { name: b } }]') +
      virtualService('b', '  hosts: [ratings]\n  http: [{ delegate: { name: a } }]'),
    expected: ['VirtualService/a spec.http[0].delegate:6', 'VirtualService/b spec.http[0].delegate:13'],
  },
  {
    name: 'a delegate that nobody uses',
    code: 'WEFT0206',
    yaml: virtualService('a', '  http: [{ route: [{ destination: { host: reviews } }] }]'),
    expected: ['VirtualService/a spec.hosts:4'],
  },
  {
    name: 'more matches than there is room for',
    code: 'WEFT0207',
    yaml: delegating + large(100),
    expected: ['VirtualService/a spec.http[1].delegate:9'],
  },
  { name: 'not as many as there is room for', code: 'WEFT0207', yaml: delegating + large(99), expected: [] },
]
