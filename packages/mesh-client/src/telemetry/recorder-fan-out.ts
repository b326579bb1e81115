import { nullRecorder, type Recorder } from '../kernel/recorder.ts'

/** One recorder that tells each of several, in their order. */
export function fanOut(recorders: readonly Recorder[]): Recorder {
  if (recorders.length < 2) return recorders[0] ?? nullRecorder
  const each = (tell: (recorder: Recorder) => void): void => recorders.forEach(tell)
  return {
    call(record) {
      for (const recorder of recorders) recorder.call(record)
    },
    messages: (record) => each((recorder) => recorder.messages(record)),
    connection: (record) => each((recorder) => recorder.connection(record)),
    fault: (service, kind) => each((recorder) => recorder.fault(service, kind)),
    authorization: (service, decision) => each((recorder) => recorder.authorization(service, decision)),
    mirror: (cluster, result) => each((recorder) => recorder.mirror(cluster, result)),
    hedge: (cluster, event) => each((recorder) => recorder.hedge(cluster, event)),
    retry: (cluster, reason) => each((recorder) => recorder.retry(cluster, reason)),
    retryRefused: (cluster, reason) => each((recorder) => recorder.retryRefused(cluster, reason)),
    overflow: (cluster, kind) => each((recorder) => recorder.overflow(cluster, kind)),
    ejected: (cluster, endpoint, reason) => each((recorder) => recorder.ejected(cluster, endpoint, reason)),
    unejected: (cluster, endpoint) => each((recorder) => recorder.unejected(cluster, endpoint)),
    healthCheck: (cluster, endpoint, outcome) => each((recorder) => recorder.healthCheck(cluster, endpoint, outcome)),
    breaker: (cluster, state) => each((recorder) => recorder.breaker(cluster, state)),
    policyApplied: (type, name, version) => each((recorder) => recorder.policyApplied(type, name, version)),
    policyRejected: (type, name, version) => each((recorder) => recorder.policyRejected(type, name, version)),
    connected: (url, connected) => each((recorder) => recorder.connected(url, connected)),
    certificate: (id, expiresAt, generation) => each((recorder) => recorder.certificate(id, expiresAt, generation)),
    certificateRequest: (outcome) => each((recorder) => recorder.certificateRequest(outcome)),
  }
}
