package dev.rockpool.storage.powercut;

import dev.rockpool.storage.powercut.LossyDisk.Effect;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Predicate;

/**
 * The moments at which the power may go during some calls, and for each what of them may be lost:
 * nothing, all that may be, only what was written or only names, each effect alone, and random
 * choices; and the last write of them may be torn.
 */
public final class PowerCuts {
  private static final int FEW = 6;
  private static final int RANDOM_CHOICES = 2;

  private final LossyDisk disk;
  private final Random random;
  private final Map<List<Integer>, Cut> cuts = new LinkedHashMap<>();

  /**
   * A power cut.
   *
   * @param calls that had ended
   * @param lost for messages
   */
  public record Cut(int calls, String lost, List<Effect> kept, int torn) {

    /** Makes what is on the disk then. */
    public void build(LossyDisk disk, Path target) throws IOException {
      disk.build(kept, torn, target);
    }

    @Override
    public String toString() {
      return "power cut after call " + calls + ", lost: " + lost;
    }
  }

  private PowerCuts(LossyDisk disk, long seed) {
    this.disk = disk;
    this.random = new Random(seed);
  }

  /**
   * All that lead to different disks; of several moments that do, the last one.
   *
   * @param disk to which all calls were applied
   */
  public static List<Cut> of(LossyDisk disk, long seed) {
    PowerCuts found = new PowerCuts(disk, seed);
    for (int call = 0; call <= disk.calls(); call++) {
      if (found.isWorthACut(call)) {
        found.cutAfter(call);
      }
    }
    return List.copyOf(found.cuts.values());
  }

  /** The disk without any loss. */
  public static Cut none(LossyDisk disk) {
    return new Cut(disk.calls(), "nothing", disk.effects(), -1);
  }

  /** Among many writes to one file in a row the last one, and some of the others. */
  private boolean isWorthACut(int call) {
    List<Effect> effects = disk.effects();
    List<Effect> done = effects.stream().filter(effect -> effect.isPendingAt(call)).toList();
    Effect last = done.isEmpty() ? null : done.getLast();
    if (last == null || last.isEntry() || last.number() + 1 == effects.size()) {
      return true;
    }
    Effect next = effects.get(last.number() + 1);
    boolean goesOn = next.isPendingAt(call + 1) && !next.isEntry() && next.node() == last.node();
    return !goesOn || random.nextInt(FEW * FEW) == 0;
  }

  private void cutAfter(int call) {
    List<Effect> pending =
        disk.effects().stream().filter(effect -> effect.isPendingAt(call)).toList();
    add(call, "nothing", _ -> false, -1);
    add(call, "all that may be", _ -> true, -1);
    add(call, "what was written", effect -> !effect.isEntry(), -1);
    add(call, "names", Effect::isEntry, -1);
    if (pending.size() <= FEW) {
      for (Effect one : pending) {
        add(call, "effect " + one, effect -> effect == one, -1);
        add(call, "all but effect " + one, effect -> effect != one, -1);
      }
    }
    for (int i = 0; i < RANDOM_CHOICES; i++) {
      Map<Effect, Boolean> lost = new HashMap<>();
      pending.forEach(effect -> lost.put(effect, random.nextBoolean()));
      add(call, "some by chance", effect -> lost.getOrDefault(effect, false), -1);
    }
    pending.stream()
        .filter(Effect::canTear)
        .reduce((_, later) -> later)
        .ifPresent(torn -> add(call, "a part of effect " + torn, _ -> false, torn.number()));
  }

  private void add(int call, String name, Predicate<Effect> lost, int torn) {
    List<Effect> kept = new ArrayList<>();
    for (Effect effect : disk.effects()) {
      if (effect.isLastingAt(call) || (effect.isPendingAt(call) && !lost.test(effect))) {
        kept.add(effect);
      }
    }
    List<Integer> key = new ArrayList<>(kept.stream().map(Effect::number).toList());
    key.add(-torn);
    cuts.put(key, new Cut(call, name, kept, torn));
  }
}
