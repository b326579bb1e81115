#!/usr/bin/env node
import { existsSync } from 'node:fs'
import { registerHooks } from 'node:module'

/** Present in a checkout only: a published package carries src for source maps, but not this file. */
const isCheckout = existsSync(new URL('../tsconfig.json', import.meta.url))

if (isCheckout) {
  registerHooks({
    resolve: (specifier, context, nextResolve) =>
      nextResolve(specifier, { ...context, conditions: [...new Set(['@weft/source', ...context.conditions])] }),
  })
}

const folder = isCheckout ? '../src' : '../dist'
const extension = isCheckout ? 'ts' : 'js'
const { runCli } = await import(new URL(`${folder}/cli/run.${extension}`, import.meta.url))
const { processTerminal } = await import(new URL(`${folder}/cli/terminal.${extension}`, import.meta.url))
process.exitCode = await runCli(process.argv.slice(2), processTerminal())
