// @ts-check
/** Members of Debian's etcd, to compare with. */
import { join } from 'node:path'
import { HOST } from '../ports.mjs'
import { installed, Running } from './checks.mjs'

/** @typedef {{ name: string, client: number, peer: number }} EtcdMember */

export const prepare = (/** @type {string} */ _directory) => installed('etcd', ['etcd-server'])

/**
 * What a member is started with. Its data are in a folder of its name.
 * @param {string} directory @param {EtcdMember} member
 * @param {{ cluster?: readonly EtcdMember[], scheme?: 'http' | 'https', flags?: readonly string[] }} [options] `cluster`: all members; by default it is alone
 */
export function etcdFlags(directory, member, { cluster = [member], scheme = 'http', flags = [] } = {}) {
  const peerUrl = (/** @type {EtcdMember} */ { peer }) => `http://${HOST}:${peer}`
  const clientUrl = `${scheme}://${HOST}:${member.client}`
  return [
    ...['--name', member.name, '--data-dir', join(directory, member.name), '--logger', 'zap', '--log-level', 'error'],
    ...['--listen-client-urls', clientUrl, '--advertise-client-urls', clientUrl],
    ...['--listen-peer-urls', peerUrl(member), '--initial-advertise-peer-urls', peerUrl(member)],
    ...['--initial-cluster', cluster.map((one) => `${one.name}=${peerUrl(one)}`).join(',')],
    ...flags,
  ]
}

/** @param {Parameters<typeof etcdFlags>} given */
export const startEtcd = (...given) => new Running('etcd', etcdFlags(...given))
