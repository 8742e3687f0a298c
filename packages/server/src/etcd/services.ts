/** Everything that a member answers to clients of etcd. */
import { AuthService } from './auth-service.js'
import { ClusterService } from './cluster-service.js'
import { ElectionService } from './election-service.js'
import type { Endpoint } from './endpoint.js'
import { HealthService } from './health-service.js'
import { KvService } from './kv-service.js'
import { LeaseService } from './lease-service.js'
import { LockService } from './lock-service.js'
import { MaintenanceService } from './maintenance-service.js'
import type { EtcdMember } from './member.js'
import { ReflectionService } from './reflection-service.js'
import { WatchService } from './watch-service.js'

/** `more`: services that stand beside those of etcd, and are told of like them. */
export function etcdEndpoints(member: EtcdMember, more: readonly Endpoint[] = []): readonly Endpoint[] {
  const services = [
    new KvService(member),
    new WatchService(member),
    new LeaseService(member),
    new ClusterService(member),
    new MaintenanceService(member),
    new AuthService(member),
    new LockService(member),
    new ElectionService(member),
  ]
  const endpoints = [...services.flatMap((service) => service.endpoints()), ...more]
  const names = [...new Set(endpoints.map(({ method }) => method.path.split('/')[1] ?? ''))]
  const about = [...names, 'grpc.health.v1.Health', 'grpc.reflection.v1.ServerReflection', 'grpc.reflection.v1alpha.ServerReflection']
  return [...endpoints, ...new HealthService(about).endpoints(), ...new ReflectionService(about).endpoints()]
}
