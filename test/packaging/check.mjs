// Packs every package as it would be published, checks the tarballs, installs them in an empty project and loads each by
// import and by require. Leaves nothing behind.
import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const root = path.resolve(import.meta.dirname, '../..')
const names = ['mesh-protocol', 'mesh-client', 'control-server']
const temporary = mkdtempSync(path.join(os.tmpdir(), 'weft-pack-'))
const bin = path.join(root, 'node_modules/.bin')
const env = { ...process.env, PATH: `${bin}${path.delimiter}${process.env.PATH}` }

function run(file, args, cwd = root) {
  return execFileSync(file, args, { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

const loaded = `
const [client, server, protocol] = modules
if (typeof client.createMesh !== 'function') throw new Error('createMesh is missing')
if (typeof server.startControlServer !== 'function') throw new Error('startControlServer is missing')
if (typeof protocol.validateResource !== 'function') throw new Error('validateResource is missing')
`

try {
  run('tsc', ['-b', 'packages/mesh-client', 'packages/control-server'])
  const tarballs = path.join(temporary, 'tarballs')
  mkdirSync(tarballs)
  for (const name of names) {
    const cwd = path.join(root, 'packages', name)
    run('npx', ['-y', 'pnpm@12', 'pack', '--pack-destination', tarballs], cwd)
  }
  const files = readdirSync(tarballs).map((file) => path.join(tarballs, file))
  for (const file of files) {
    run('publint', ['--strict', file])
    run('attw', ['--profile', 'esm-only', file])
  }

  const project = path.join(temporary, 'project')
  mkdirSync(project)
  const overrides = Object.fromEntries(
    files.map((file) => [`@weft/${names.find((name) => path.basename(file).includes(name))}`, `file:${file}`]),
  )
  writeFileSync(
    path.join(project, 'package.json'),
    JSON.stringify({ name: 'empty', private: true, dependencies: overrides, overrides }),
  )
  run('npm', ['install', '--no-audit', '--no-fund'], project)
  const packages = ['mesh-client', 'control-server', 'mesh-protocol'].map((name) => `@weft/${name}`)
  const imports = packages.map((name) => `await import('${name}')`).join(', ')
  const requires = packages.map((name) => `require('${name}')`).join(', ')
  writeFileSync(path.join(project, 'load.mjs'), `const modules = [${imports}]\n${loaded}`)
  writeFileSync(path.join(project, 'load.cjs'), `const modules = [${requires}]\n${loaded}`)
  run('node', ['load.mjs'], project)
  run('node', ['load.cjs'], project)
  const help = run('node', [path.join(project, 'node_modules/.bin/weft'), '--help'], project)
  if (!help.includes('canary')) throw new Error(`the installed weft does not run: ${help}`)

  // grpc-js is an optional peer: without it everything else works, and what needs it says so.
  const here = import.meta.dirname
  for (const file of ['calls.mjs', 'calls.cjs', 'call-all.cjs'])
    copyFileSync(path.join(here, file), path.join(project, file))
  const calls = (expected) => {
    for (const file of ['calls.mjs', 'calls.cjs']) run('node', [file, expected], project)
  }
  calls('it is not installed')
  const wanted = JSON.parse(readFileSync(path.join(root, 'packages/mesh-client/package.json'))).peerDependencies
  run('npm', ['install', '--no-audit', '--no-fund', `@grpc/grpc-js@${wanted['@grpc/grpc-js']}`], project)
  calls('')
  const manifest = path.join(project, 'node_modules/@grpc/grpc-js/package.json')
  writeFileSync(manifest, JSON.stringify({ ...JSON.parse(readFileSync(manifest)), version: '1.13.4' }))
  calls('found 1.13.4')
  console.log(
    `${names.length} packages pack, load by import and by require, bring a weft that runs, and call over HTTP without grpc-js ` +
      'and over gRPC with it',
  )
} finally {
  rmSync(temporary, { recursive: true, force: true })
}
