import { AuthService as AuthMethods, type AuthStatusResponseInit } from '@balsa/proto/etcdserverpb'
import { type Endpoint, unary } from './endpoint.js'
import { etcdError, unimplemented } from './errors.js'
import type { EtcdMember } from './member.js'

const NO_USERS = 'there are no users and roles yet'

/** etcdserverpb.Auth: says that there is no authentication, and can not be switched on. */
export class AuthService {
  readonly #member: EtcdMember

  constructor(member: EtcdMember) {
    this.#member = member
  }

  endpoints(): readonly Endpoint[] {
    const { AuthStatus, AuthDisable, Authenticate, ...others } = AuthMethods.methods
    return [
      unary(AuthStatus, () => this.status()),
      unary(AuthDisable, () => ({ header: this.#member.header() })),
      unary(Authenticate, () => Promise.reject(etcdError('authNotEnabled'))),
      ...Object.values(others).map(
        (method): Endpoint => ({ kind: 'unary', method, handle: () => Promise.reject(unimplemented(NO_USERS)) }),
      ),
    ]
  }

  status(): AuthStatusResponseInit {
    return { header: this.#member.header(), enabled: false }
  }
}
