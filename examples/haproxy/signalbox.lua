-- Asks Signalbox which engine gets a request: the action `lua.signalbox POOL PARTITION` of a backend.
--
-- It names the backend's servers that are up, and leaves the answer in two variables of the transaction:
--   txn.signalbox_server   the server's name; unset when HAProxy is to choose by itself
--   txn.signalbox_answer   what Signalbox said, or why there is no answer, for the log
--
-- It never fails a request: without an answer in time HAProxy balances as if this file were not there.

-- The backend of haproxy.cfg that holds Signalbox's address.
local SIGNALBOX = "signalbox"
-- The longest that a question may hold up a request.
local TIMEOUT_SECONDS = 0.2
-- For how long nobody asks after a question that had no answer.
local REST_SECONDS = 1
-- For a control listener that demands a token.
local TOKEN = os.getenv("SIGNALBOX_TOKEN")

local is_resting = false
local rests_until = 0

local function now()
  local time = core.now()
  return time.sec + time.usec / 1e6
end

local function quote(text)
  local escaped = text:gsub('[%c"\\]', function(char)
    return string.format("\\u%04x", char:byte())
  end)
  return '"' .. escaped .. '"'
end

-- Draining servers, and those of weight 0, finish what they have and get nothing new.
local function takes_requests(server)
  local stats = server:get_stats()
  local is_up = stats.status == "no check" or stats.status:sub(1, 2) == "UP"
  return is_up and stats.weight ~= 0
end

-- The names of the backend's servers by address.
local function servers_of(backend_name)
  local names = {}
  for name, server in pairs(core.backends[backend_name].servers) do
    if takes_requests(server) then names[server:get_addr()] = name end
  end
  return names
end

local function question(txn, pool, partition, names)
  local members = {}
  for address in pairs(names) do members[#members + 1] = quote(address) end
  local fields = {
    '"pool_name":' .. quote(pool),
    '"partition":' .. quote(partition),
    '"members":[' .. table.concat(members, ",") .. "]",
  }
  -- Only where haproxy.cfg finds it out.
  local model = txn:get_var("txn.model")
  if model then fields[#fields + 1] = '"model":' .. quote(tostring(model)) end
  return "{" .. table.concat(fields, ",") .. "}"
end

local function signalbox_address()
  local backend = core.backends[SIGNALBOX]
  local _, server = next(backend and backend.servers or {})
  return server and server:get_addr()
end

-- Each question has a connection of its own, so that none waits for another.
local function exchange(host, port, request)
  local socket = core.tcp()
  socket:settimeout(TIMEOUT_SECONDS)
  local answer
  if socket:connect(host, tonumber(port)) and socket:send(request) then answer = socket:receive("*a") end
  socket:close()
  return answer
end

-- Status and body; nothing when there was no answer in time.
local function post(path, body)
  local host, port = signalbox_address():match("^(.*):(%d+)$")
  local head = {
    "POST " .. path .. " HTTP/1.0",
    "Host: " .. (host:find(":") and "[" .. host .. "]" or host) .. ":" .. port,
    "Connection: close",
    "Content-Type: application/json",
    "Content-Length: " .. #body,
  }
  if TOKEN then head[#head + 1] = "Authorization: Bearer " .. TOKEN end
  local answer = exchange(host, port, table.concat(head, "\r\n") .. "\r\n\r\n" .. body)
  if answer then return tonumber(answer:match("^HTTP/1%.%d (%d%d%d)")), answer:match("\r\n\r\n(.*)$") end
end

-- A request that Signalbox refuses (4xx) is that request's own fault and says nothing of Signalbox.
local function note_health(status)
  is_resting = status == nil or status >= 500
  rests_until = is_resting and now() + REST_SECONDS or 0
end

core.register_action("signalbox", { "http-req" }, function(txn, pool, partition)
  local function explain(text) txn:set_var("txn.signalbox_answer", text) end
  local asked_at = now()
  if asked_at < rests_until then return explain("resting") end
  -- After the rest one request alone finds out whether Signalbox is back.
  if is_resting then rests_until = asked_at + REST_SECONDS end

  local names = servers_of(txn.f:be_name())
  local status, body = post("/scheduler/select", question(txn, pool, partition, names))
  note_health(status)
  if status == nil then return explain("no answer") end
  if status ~= 200 then return explain("status " .. status) end

  explain(body)
  local name = names[body]
  if name then txn:set_var("txn.signalbox_server", name) end
end, 2)

-- Refuses to start with a mistake that would otherwise show as requests that are never asked about.
core.register_init(function()
  if not signalbox_address() then error('haproxy.cfg has no backend "' .. SIGNALBOX .. '" with a server') end
end)
