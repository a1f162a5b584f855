"""Lua that runs in Redis, each one step there: only a lock's owner prolongs or deletes it."""

from typing import Final

EXTEND: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 0
"""
"""Prolong the lock KEYS[1] of token ARGV[1] to ARGV[2] ms from now; 0 when it is another's, or gone."""

RELEASE: Final = """
if redis.call('GET', KEYS[1]) == ARGV[1] then
    return redis.call('DEL', KEYS[1])
end
return 0
"""
"""Delete the lock KEYS[1] of token ARGV[1]; 0 when it is another's, or gone."""
