import type { Locality } from './wire/endpoint.ts'

/** `region/zone/subzone`, missing parts empty (Istio `locality`). */
export function parseLocality(text: string): Locality {
  const [region = '', zone = '', subZone = ''] = text.split('/')
  return { region, zone, subZone }
}

/** The reverse of {@link parseLocality}, without trailing slashes. */
export function formatLocality({ region, zone, subZone }: Locality): string {
  return [region, zone, subZone].join('/').replace(/\/+$/, '')
}
