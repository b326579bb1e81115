// Loaded before a program: its wall clock is wrong by WEFT_TEST_SKEW_MS. The monotonic one is not.
const skewMs = Number(process.env.WEFT_TEST_SKEW_MS ?? 0)
const RealDate = Date

globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + skewMs)
    else super(...args)
  }

  static now() {
    return RealDate.now() + skewMs
  }
}
