package io.penstock.controller.reconcile;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.penstock.controller.api.Trees;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class MirroredObjectsTest {

  private final MirroredObjects objects = new MirroredObjects();

  @Test
  void an_object_is_found_by_its_owners_of_now_until_it_goes() {
    var first = object("a", "one");
    objects.put(first);
    assertThat(objects.ownedBy("one")).containsExactly(first);

    var second = object("a", "two");
    assertThat(objects.put(second)).isEqualTo(first);
    assertThat(objects.ownedBy("one")).isEmpty();
    assertThat(objects.ownedBy("two")).containsExactly(second);
    assertThat(objects.all()).containsExactly(second);

    objects.remove(second);
    assertThat(objects.ownedBy("two")).isEmpty();
    assertThat(objects.get(new Key("n", "a"))).isEmpty();
  }

  @Test
  void an_object_that_is_replaced_never_seems_to_have_lost_its_owner() throws Exception {
    var over = new AtomicBoolean();
    objects.put(object("a", "one"));
    var writer =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!over.get()) {
                    objects.put(object("a", "one"));
                  }
                });

    int missed = 0;
    for (int i = 0; i < 200_000; i++) {
      missed += objects.ownedBy("one").isEmpty() ? 1 : 0;
    }
    over.set(true);
    writer.join();

    assertThat(missed).isZero();
  }

  private static ObjectNode object(String name, String owner) {
    var object = Trees.newObject();
    Trees.with(object, "metadata").put("name", name).put("namespace", "n");
    Trees.with(object, "metadata").putArray("ownerReferences").addObject().put("uid", owner);
    return object;
  }
}
