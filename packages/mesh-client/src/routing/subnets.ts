import { BlockList, type IPVersion } from 'node:net'

/** The subnet that an address lies in, as it is written; the narrowest of several. */
export type FindSubnet = (address: string, family: IPVersion) => string | undefined

/** @param subnets `address/prefix-length`; what is not of that form is passed over */
export function compileSubnets(subnets: readonly string[]): FindSubnet {
  const lists = subnets
    .map((subnet) => ({ subnet, bits: Number(subnet.split('/')[1]), list: listOf(subnet) }))
    .filter(({ list }) => list !== undefined)
    .sort((a, b) => b.bits - a.bits)
  return (address, family) => lists.find(({ list }) => list?.check(address, family))?.subnet
}

function listOf(subnet: string): BlockList | undefined {
  const [address = '', bits] = subnet.split('/')
  const list = new BlockList()
  try {
    list.addSubnet(address, Number(bits), address.includes(':') ? 'ipv6' : 'ipv4')
    return list
  } catch {
    return undefined
  }
}
