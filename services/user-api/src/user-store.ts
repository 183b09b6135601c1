import { isUniqueViolation, type Queryable } from '@millrace/chassis/postgres';
import { mailboxOf, type PageQuery, type RegisterUser, type User } from '@millrace/contracts';

interface UserRow {
  id: string;
  name: string;
  email: string;
  created_at: Date;
}

/** Users in PostgreSQL. */
export interface UserStore {
  /** @returns the new user, or undefined when the e-mail address is taken */
  register(user: RegisterUser): Promise<User | undefined>;
  /** One page, newest first, and one user more when there is another page. */
  list(page: PageQuery): Promise<User[]>;
}

const COLUMNS = 'id, name, email, created_at';

export function createUserStore(db: Queryable): UserStore {
  return {
    async register({ name, email }) {
      try {
        const rows = await db.query<UserRow>(
          `INSERT INTO users (name, email, mailbox) VALUES ($1, $2, $3) RETURNING ${COLUMNS}`,
          [name, email, mailboxOf(email)],
        );
        return rows.map(toUser)[0];
      } catch (error) {
        if (isUniqueViolation(error)) return undefined;
        throw error;
      }
    },

    async list({ limit, cursor }) {
      const rows = await db.query<UserRow>(
        `SELECT ${COLUMNS} FROM users WHERE $1::uuid IS NULL OR id < $1 ORDER BY id DESC LIMIT $2`,
        [cursor ?? null, limit + 1],
      );
      return rows.map(toUser);
    },
  };
}

function toUser({ id, name, email, created_at }: UserRow): User {
  return { id, name, email, created_at: created_at.toISOString() };
}
