import { MaintenanceService } from '@balsa/proto/etcdserverpb'
import type { EtcdClient, EtcdStreamOptions } from './etcd-client.js'

/** The bytes of a snapshot as `etcdctl snapshot save` would write them into a file, of one server of the cluster. */
export async function* snapshotBytes(client: EtcdClient, options: EtcdStreamOptions = {}): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const { blob } of client.stream(MaintenanceService.methods.Snapshot, {}, options)) yield blob
}
