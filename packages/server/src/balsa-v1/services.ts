/** What Balsa has beyond etcd's API, for programs in any language: balsa.v1. */
import type { Endpoint } from '../etcd/endpoint.js'
import type { EtcdMember } from '../etcd/member.js'
import { NodeService } from './node-service.js'
import { SessionsService } from './sessions-service.js'
import { StoreService } from './store-service.js'

export const balsaEndpoints = (member: EtcdMember): readonly Endpoint[] =>
  [new StoreService(member), new SessionsService(member), new NodeService(member)].flatMap((service) => service.endpoints())
