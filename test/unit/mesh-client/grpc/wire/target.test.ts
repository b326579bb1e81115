import { describe, expect, test } from 'vitest'
import { parseTarget } from '../../../../../packages/mesh-client/src/grpc/wire/target.ts'

describe('the target of a channel', () => {
  test.each([
    ['weft:///greeter:50051', 'http://greeter:50051', 'greeter', 50_051, 'greeter:50051'],
    ['weft:///greeter', 'http://greeter', 'greeter', 80, 'greeter'],
    ['weft:greeter:1', 'http://greeter:1', 'greeter', 1, 'greeter:1'],
    [
      'weft:///greeter.default.svc.cluster.local:443',
      'http://greeter.default.svc.cluster.local:443',
      'greeter.default.svc.cluster.local',
      443,
      'greeter.default.svc.cluster.local:443',
    ],
    ['weft:///Greeter:80', 'http://greeter', 'Greeter', 80, 'Greeter:80'],
    ['weft:///10.0.0.1:9', 'http://10.0.0.1:9', '10.0.0.1', 9, '10.0.0.1:9'],
    ['weft:///[::1]:9', 'http://[::1]:9', '[::1]', 9, '[::1]:9'],
  ])('%s', (text, origin, hostname, port, authority) => {
    expect(parseTarget(text)).toEqual({ origin, hostname, port, authority })
  })

  test.each([
    'weft:///',
    'weft:',
    '',
    'weft:///a/b',
    'weft:///a:0',
    'weft:///a:65536',
    'weft:///a:b',
    'weft:///a b',
    'unix:///x',
    'weft:///::1',
    'weft:///user@greeter',
    'weft:///user@greeter:80',
    'weft:///greeter?x:80',
    'weft:///greeter#x',
    'weft:///greeter\\x',
    'weft:///%67reeter',
  ])('%j names no host', (text) => expect(parseTarget(text)).toBeUndefined())
})
