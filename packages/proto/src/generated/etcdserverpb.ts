// Written by `npm run codegen` from packages/proto/proto: package etcdserverpb. Do not change it by hand.
export * from './etcdserverpb/auth.js'
export * from './etcdserverpb/cluster.js'
export * from './etcdserverpb/header.js'
export * from './etcdserverpb/kv.js'
export * from './etcdserverpb/lease.js'
export * from './etcdserverpb/maintenance.js'
export * from './etcdserverpb/watch.js'
