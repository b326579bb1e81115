#!/usr/bin/env node
import { existsSync } from 'node:fs'
import module from 'node:module'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 19)) {
  process.stderr.write(`weft: this is Node ${process.versions.node}, and Weft needs 22.19 or newer\n`)
  process.exit(2)
}

const SOURCE = '@weft/source'

/** Present in a checkout only: a published package carries src for source maps, but not this file. */
const isCheckout = existsSync(new URL('../tsconfig.json', import.meta.url))

/** A checkout runs from its sources, also unbuilt; an installed package cannot, even where Node is told the condition. */
const isTold = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].some((flag) => flag.includes(SOURCE))
if (isCheckout || isTold) {
  module.registerHooks({
    resolve(specifier, context, nextResolve) {
      const others = context.conditions.filter((condition) => condition !== SOURCE)
      return nextResolve(specifier, { ...context, conditions: isCheckout ? [SOURCE, ...others] : others })
    },
  })
}

const folder = isCheckout ? '../src' : '../dist'
const extension = isCheckout ? 'ts' : 'js'
const { runCli } = await import(new URL(`${folder}/cli/run.${extension}`, import.meta.url))
const { processTerminal } = await import(new URL(`${folder}/cli/terminal.${extension}`, import.meta.url))
process.exitCode = await runCli(process.argv.slice(2), processTerminal())
